/** What keeps a command from starting, in one line, and what to do about it. */
export class SetupError extends Error {
  name = 'SetupError';

  /**
   * @param {string} message
   * @param {string} hint
   * @param {NodeJS.Signals | null} signal the signal that ended the set-up, if one did
   */
  constructor(message, hint, signal = null) {
    super(message);
    this.hint = hint;
    this.signal = signal;
  }
}
