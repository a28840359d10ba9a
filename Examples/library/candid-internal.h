// What the encoder and the decoder share.
#pragma once

#include "candid.h"

/// Fills in the ids of all fields below `type` and sorts each list by id. The descriptions must be finite trees.
void candid_prepare(CandidType *type);
