// The native side of a kernel: prints `run(n)` for the n on the command line, as `cannery run` prints an i64.
#include <stdio.h>
#include <stdlib.h>

long long run(int n);

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: %s N\n", arguments[0]);
    return 64;
  }
  printf("%lld\n", run((int)strtol(arguments[1], 0, 10)));
  return 0;
}
