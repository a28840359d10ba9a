/* The headers, compiled alone: what they declare is in Swift (CanneryCanisterC). */

#include "cannery-canister.h"
