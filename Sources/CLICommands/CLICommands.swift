// CLICommands: under construction.
