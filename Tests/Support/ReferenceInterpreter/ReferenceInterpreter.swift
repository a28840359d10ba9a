// ReferenceInterpreter: under construction.
