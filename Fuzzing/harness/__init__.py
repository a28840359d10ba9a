"""Differential fuzzing: generated modules, executed by Cannery and by wasmtime, must do the same on both."""
