// Compiler: under construction.
