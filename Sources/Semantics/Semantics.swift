// Semantics: under construction.
