// Cannery: under construction.
