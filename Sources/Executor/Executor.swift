// Executor: under construction.
