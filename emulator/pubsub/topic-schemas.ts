import type { OutgoingMessage } from './message.ts';
import type { SchemaRegistry } from './schema/schema-registry.ts';
import type { TopicConfig } from './topic.ts';

/** Settings whose schema was looked for and found. */
export function withSchema(schemas: SchemaRegistry, config: TopicConfig): TopicConfig {
  const { schemaSettings } = config;
  return schemaSettings ? { ...config, schemaSettings: schemas.requireSettings(schemaSettings) } : config;
}

/** Settings as they are shown. */
export function shownTopic(schemas: SchemaRegistry, config: TopicConfig): TopicConfig {
  const { schemaSettings } = config;
  return schemaSettings ? { ...config, schemaSettings: schemas.shown(schemaSettings) } : config;
}

/** The messages, checked against the topic's schema and marked with it. */
export function describedBy(
  schemas: SchemaRegistry,
  { schemaSettings }: TopicConfig,
  messages: readonly OutgoingMessage[],
): readonly OutgoingMessage[] {
  if (!schemaSettings) return messages;
  return messages.map((message) => {
    const marks = schemas.attributesOf(schemaSettings, message.data ?? new Uint8Array());
    return { ...message, attributes: { ...message.attributes, ...marks } };
  });
}
