// Stands for the bundle of every agent.
