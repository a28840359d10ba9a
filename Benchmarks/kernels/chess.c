// A chess program: move generation on a 16 × 8 board, alpha-beta search with quiescence, a hash table and move ordering.
// It plays games against itself; much branching, small tables, calls that recurse through large functions.
#include "kernel.h"

enum { EMPTY, PAWN, KNIGHT, BISHOP, ROOK, QUEEN, KING, BLACK = 8, kind_mask = 7 };
enum { max_moves = 256, max_ply = 32, table_size = 1 << 15, infinite = 30000, mate = 29000 };
// Rights to castle: a bit each.
enum { white_short = 1, white_long = 2, black_short = 4, black_long = 8 };

typedef struct {
  u8 from, to, captured, promoted;
  u8 is_en_passant, is_castling;
  i16 order;
} Move;

/// What a move can't be undone from.
typedef struct {
  u64 hash;
  u8 rights, en_passant, halfmoves;
} Past;

typedef struct {
  u64 hash;
  i16 score;
  u8 depth, bound;  // bound: 1 exact, 2 at least, 3 at most
  u8 from, to;
} Entry;

// A square is 16 × rank + file; those with bit 0x88 set are off the board.
static u8 board[128];
static u8 kings[2];
static u8 side;  // 0 or BLACK
static Past now;
static Past history[1024];
static i32 played;
static Entry table[table_size];
static u64 piece_keys[16][128], rights_keys[16], file_keys[8], side_key;
static i8 square_values[7][128];
static i32 ready;
static u64 nodes;

static const i16 values[7] = {0, 100, 320, 330, 500, 900, 0};
static const i8 knight_steps[8] = {-33, -31, -18, -14, 14, 18, 31, 33};
static const i8 king_steps[8] = {-17, -16, -15, -1, 1, 15, 16, 17};

static i32 step_count(u32 kind) { return kind == BISHOP || kind == ROOK ? 4 : 8; }

static i32 step_at(u32 kind, i32 index) {
  static const i8 diagonal[4] = {-17, -15, 15, 17};
  static const i8 straight[4] = {-16, -1, 1, 16};
  switch (kind) {
    case KNIGHT: return knight_steps[index];
    case BISHOP: return diagonal[index];
    case ROOK: return straight[index];
    default: return king_steps[index];
  }
}

// Setting up.

static void prepare(void) {
  u64 state = 0x8F5C28F5C28F5C29ULL;
  for (i32 piece = 0; piece < 16; piece++) {
    for (i32 square = 0; square < 128; square++) piece_keys[piece][square] = random_next(&state);
  }
  for (i32 i = 0; i < 16; i++) rights_keys[i] = random_next(&state);
  for (i32 i = 0; i < 8; i++) file_keys[i] = random_next(&state);
  side_key = random_next(&state);
  // What a square is worth to a white piece: pawns go forward, other pieces to the centre, the king to a corner.
  for (i32 square = 0; square < 128; square++) {
    i32 file = square & 7, rank = square >> 4;
    i32 centre = (file < 4 ? file : 7 - file) + (rank < 4 ? rank : 7 - rank);
    square_values[PAWN][square] = (i8)(rank * 6 + (file == 3 || file == 4 ? rank * 3 : 0));
    square_values[KNIGHT][square] = (i8)(centre * 8 - 20);
    square_values[BISHOP][square] = (i8)(centre * 4);
    square_values[ROOK][square] = (i8)(rank == 6 ? 20 : file == 3 || file == 4 ? 6 : 0);
    square_values[QUEEN][square] = (i8)(centre * 2);
    square_values[KING][square] = (i8)(rank == 0 ? 20 - centre * 8 : -10 * rank);
  }
  ready = 1;
}

static void put(u32 piece, u32 square) {
  board[square] = (u8)piece;
  now.hash ^= piece_keys[piece][square];
  if ((piece & kind_mask) == KING) kings[piece >> 3] = (u8)square;
}

static void take(u32 square) {
  now.hash ^= piece_keys[board[square]][square];
  board[square] = EMPTY;
}

static void set_up(void) {
  static const u8 row[8] = {ROOK, KNIGHT, BISHOP, QUEEN, KING, BISHOP, KNIGHT, ROOK};
  if (!ready) prepare();
  for (i32 i = 0; i < 128; i++) board[i] = EMPTY;
  now = (Past){0, white_short | white_long | black_short | black_long, 0xFF, 0};
  for (u32 file = 0; file < 8; file++) {
    put(row[file], file);
    put(PAWN, 0x10 + file);
    put(PAWN | BLACK, 0x60 + file);
    put(row[file] | BLACK, 0x70 + file);
  }
  now.hash ^= rights_keys[now.rights];
  side = 0;
  played = 0;
}

// Rules.

NOINLINE static i32 is_attacked(u32 square, u32 by) {
  // Pawns attack forward: look backward from the square.
  i32 back = by ? 16 : -16;
  for (i32 turn = -1; turn <= 1; turn += 2) {
    u32 from = square + (u32)(back + turn);
    if (!(from & 0x88) && board[from] == (PAWN | by)) return 1;
  }
  for (i32 i = 0; i < 8; i++) {
    u32 from = square + (u32)knight_steps[i];
    if (!(from & 0x88) && board[from] == (KNIGHT | by)) return 1;
  }
  for (i32 i = 0; i < 8; i++) {
    u32 step = (u32)king_steps[i];
    u32 from = square + step;
    if (from & 0x88) continue;
    if (board[from] == (KING | by)) return 1;
    while (!(from & 0x88) && !board[from]) from += step;
    if ((from & 0x88) || (board[from] & BLACK) != by) continue;
    u32 kind = board[from] & kind_mask;
    i32 is_diagonal = i == 0 || i == 2 || i == 5 || i == 7;
    if (kind == QUEEN || kind == (is_diagonal ? BISHOP : ROOK)) return 1;
  }
  return 0;
}

static i32 in_check(u32 of) { return is_attacked(kings[of >> 3], of ^ BLACK); }

static i32 add(Move *moves, i32 count, u32 from, u32 to, u32 captured, u32 promoted) {
  i32 order = 0;
  if (captured) order = 1000 + values[captured & kind_mask] - values[board[from] & kind_mask] / 10;
  if (promoted) order += values[promoted];
  moves[count] = (Move){(u8)from, (u8)to, (u8)captured, (u8)promoted, 0, 0, (i16)order};
  return count + 1;
}

static i32 add_pawn(Move *moves, i32 count, u32 from, u32 to, u32 captured) {
  u32 rank = to >> 4;
  if (rank != 0 && rank != 7) return add(moves, count, from, to, captured, EMPTY);
  for (u32 kind = QUEEN; kind >= KNIGHT; kind--) count = add(moves, count, from, to, captured, kind);
  return count;
}

static i32 pawn_moves(Move *moves, i32 count, u32 from, i32 captures_only) {
  u32 ahead = side ? (u32)-16 : 16;
  u32 start = side ? 6 : 1;
  u32 to = from + ahead;
  if (!board[to] && (!captures_only || to >> 4 == 0 || to >> 4 == 7)) {
    count = add_pawn(moves, count, from, to, EMPTY);
    if (from >> 4 == start && !board[to + ahead] && !captures_only) {
      count = add(moves, count, from, to + ahead, EMPTY, EMPTY);
    }
  }
  for (i32 turn = -1; turn <= 1; turn += 2) {
    to = from + ahead + (u32)turn;
    if (to & 0x88) continue;
    if (board[to]) {
      if ((board[to] & BLACK) != side) count = add_pawn(moves, count, from, to, board[to]);
    } else if (to == now.en_passant) {
      count = add(moves, count, from, to, PAWN | (side ^ BLACK), EMPTY);
      moves[count - 1].is_en_passant = 1;
    }
  }
  return count;
}

static i32 castling_moves(Move *moves, i32 count) {
  u32 home = side ? 0x74 : 0x04;
  u32 other = side ^ BLACK;
  if (is_attacked(home, other)) return count;
  if (now.rights & (side ? black_short : white_short) && !board[home + 1] && !board[home + 2] &&
      !is_attacked(home + 1, other)) {
    count = add(moves, count, home, home + 2, EMPTY, EMPTY);
    moves[count - 1].is_castling = 1;
  }
  if (now.rights & (side ? black_long : white_long) && !board[home - 1] && !board[home - 2] && !board[home - 3] &&
      !is_attacked(home - 1, other)) {
    count = add(moves, count, home, home - 2, EMPTY, EMPTY);
    moves[count - 1].is_castling = 1;
  }
  return count;
}

/// The moves of the side to move; some may leave its king attacked.
NOINLINE static i32 generate(Move *moves, i32 captures_only) {
  i32 count = 0;
  for (u32 from = 0; from < 128; from++) {
    if (from & 0x88) {
      from += 7;
      continue;
    }
    u32 piece = board[from];
    if (!piece || (piece & BLACK) != side) continue;
    u32 kind = piece & kind_mask;
    if (kind == PAWN) {
      count = pawn_moves(moves, count, from, captures_only);
      continue;
    }
    i32 slides = kind == BISHOP || kind == ROOK || kind == QUEEN;
    for (i32 i = 0; i < step_count(kind); i++) {
      u32 step = (u32)step_at(kind, i);
      for (u32 to = from + step; !(to & 0x88); to += step) {
        if (board[to]) {
          if ((board[to] & BLACK) != side) count = add(moves, count, from, to, board[to], EMPTY);
          break;
        }
        if (!captures_only) count = add(moves, count, from, to, EMPTY, EMPTY);
        if (!slides) break;
      }
    }
  }
  return captures_only ? count : castling_moves(moves, count);
}

static u32 rights_lost_at(u32 square) {
  switch (square) {
    case 0x00: return white_long;
    case 0x04: return white_long | white_short;
    case 0x07: return white_short;
    case 0x70: return black_long;
    case 0x74: return black_long | black_short;
    case 0x77: return black_short;
    default: return 0;
  }
}

/// Makes the move; 0 if it leaves the king attacked, and then `unmake` must follow all the same.
NOINLINE static i32 make(const Move *move) {
  history[played++] = now;
  u32 piece = board[move->from];
  if (now.en_passant != 0xFF) now.hash ^= file_keys[now.en_passant & 7];
  now.en_passant = 0xFF;
  now.halfmoves = (u8)(move->captured || (piece & kind_mask) == PAWN ? 0 : now.halfmoves + 1);
  if (move->is_en_passant) take(move->to ^ 16);
  else if (move->captured) take(move->to);
  take(move->from);
  put(move->promoted ? move->promoted | side : piece, move->to);
  if (move->is_castling) {
    u32 rook = move->to > move->from ? move->from + 3u : move->from - 4u;
    take(rook);
    put(ROOK | side, (move->from + move->to) / 2u);
  }
  if ((piece & kind_mask) == PAWN && (move->from ^ move->to) == 0x20) {
    now.en_passant = (u8)((move->from + move->to) / 2);
    now.hash ^= file_keys[now.en_passant & 7];
  }
  now.hash ^= rights_keys[now.rights];
  now.rights &= (u8)~(rights_lost_at(move->from) | rights_lost_at(move->to));
  now.hash ^= rights_keys[now.rights] ^ side_key;
  side ^= BLACK;
  return !in_check(side ^ BLACK);
}

static void unmake(const Move *move) {
  side ^= BLACK;
  u32 piece = move->promoted ? PAWN | side : board[move->to];
  board[move->to] = EMPTY;
  board[move->from] = (u8)piece;
  if ((piece & kind_mask) == KING) kings[side >> 3] = move->from;
  if (move->is_en_passant) board[move->to ^ 16] = move->captured;
  else board[move->to] = move->captured;
  if (move->is_castling) {
    u32 rook = move->to > move->from ? move->from + 3u : move->from - 4u;
    board[(move->from + move->to) / 2] = EMPTY;
    board[rook] = (u8)(ROOK | side);
  }
  now = history[--played];
}

/// How many games of `depth` moves there are: with the known numbers, a test of the rules.
RECURSIVE static u64 perft(i32 depth) {
  Move moves[max_moves];
  i32 count = generate(moves, 0);
  u64 total = 0;
  for (i32 i = 0; i < count; i++) {
    if (make(&moves[i])) total += depth > 1 ? perft(depth - 1) : 1;
    unmake(&moves[i]);
  }
  return total;
}

// Search.

/// Material, places, pawn structure and mobility of rooks, for the side to move.
NOINLINE static i32 evaluate(void) {
  i32 score = 0;
  u8 pawns[2][8] = {{0}};
  for (u32 square = 0; square < 128; square++) {
    if (square & 0x88) {
      square += 7;
      continue;
    }
    u32 piece = board[square];
    if (!piece) continue;
    u32 kind = piece & kind_mask;
    i32 value = values[kind] + square_values[kind][piece & BLACK ? square ^ 0x70 : square];
    if (kind == PAWN) pawns[piece >> 3][square & 7]++;
    score += piece & BLACK ? -value : value;
  }
  for (i32 file = 0; file < 8; file++) {
    for (i32 color = 0; color < 2; color++) {
      i32 count = pawns[color][file];
      if (!count) continue;
      i32 neighbours = (file ? pawns[color][file - 1] : 0) + (file < 7 ? pawns[color][file + 1] : 0);
      i32 penalty = 12 * (count - 1) + (neighbours ? 0 : 10);
      score += color ? penalty : -penalty;
    }
  }
  return side ? -score : score;
}

/// Brings the move with the greatest order to `at`.
static void select(Move *moves, i32 at, i32 count) {
  i32 best = at;
  for (i32 i = at + 1; i < count; i++) {
    if (moves[i].order > moves[best].order) best = i;
  }
  Move move = moves[at];
  moves[at] = moves[best];
  moves[best] = move;
}

RECURSIVE static i32 quiesce(i32 alpha, i32 beta, i32 ply) {
  nodes++;
  i32 score = evaluate();
  if (score >= beta || ply >= max_ply) return score;
  if (score > alpha) alpha = score;
  Move moves[max_moves];
  i32 count = generate(moves, 1);
  for (i32 i = 0; i < count; i++) {
    select(moves, i, count);
    i32 reply = make(&moves[i]) ? -quiesce(-beta, -alpha, ply + 1) : -infinite;
    unmake(&moves[i]);
    if (reply > score) score = reply;
    if (score > alpha) alpha = score;
    if (alpha >= beta) break;
  }
  return score;
}

static i32 is_repeated(void) {
  for (i32 i = played - 2; i >= 0 && i >= played - now.halfmoves; i -= 2) {
    if (history[i].hash == now.hash) return 1;
  }
  return 0;
}

RECURSIVE static i32 search(i32 depth, i32 alpha, i32 beta, i32 ply, Move *chosen) {
  nodes++;
  if (ply && (now.halfmoves >= 100 || is_repeated())) return 0;
  i32 checked = in_check(side);
  if (checked && depth < 3 && ply < max_ply - 4) depth++;
  if (depth <= 0) return quiesce(alpha, beta, ply);
  Entry *entry = &table[now.hash & (table_size - 1)];
  i32 known = entry->hash == now.hash;
  if (known && ply && entry->depth >= depth) {
    i32 score = entry->score;
    if (entry->bound == 1 || (entry->bound == 2 && score >= beta) || (entry->bound == 3 && score <= alpha)) return score;
  }
  Move moves[max_moves];
  i32 count = generate(moves, 0);
  if (known) {
    for (i32 i = 0; i < count; i++) {
      if (moves[i].from == entry->from && moves[i].to == entry->to) moves[i].order = 32000;
    }
  }
  i32 best = -infinite, lowest = alpha, legal = 0;
  u8 best_from = 0, best_to = 0;
  for (i32 i = 0; i < count; i++) {
    select(moves, i, count);
    if (make(&moves[i])) {
      legal++;
      i32 score = -search(depth - 1, -beta, -alpha, ply + 1, 0);
      if (score > best) {
        best = score;
        best_from = moves[i].from;
        best_to = moves[i].to;
        if (chosen) *chosen = moves[i];
      }
      if (score > alpha) alpha = score;
    }
    unmake(&moves[i]);
    if (alpha >= beta) break;
  }
  if (!legal) return checked ? ply - mate : 0;
  u8 bound = best >= beta ? 2 : best > lowest ? 1 : 3;
  *entry = (Entry){now.hash, (i16)best, (u8)depth, bound, best_from, best_to};
  return best;
}

/// `n` half-moves, in games of at most 40, each chosen by a search of depth 3; each game begins with four moves by chance.
i64 run(i32 n) {
  u64 sum = 0;
  u64 random = 0x9E3779B97F4A7C15ULL;
  for (i32 i = 0; i < table_size; i++) table[i].hash = 0;
  nodes = 0;
  set_up();
  i32 opening = 4, over = 0;
  for (i32 i = 0; i < n; i++) {
    if (over || played >= 40) {
      set_up();
      opening = 4;
    }
    Move moves[max_moves];
    Move move = {0};
    for (; opening; opening--) {
      i32 count = generate(moves, 0);
      move = moves[random_next(&random) % (u64)count];
      if (!make(&move)) unmake(&move);
    }
    i32 score = search(3, -infinite, infinite, 0, &move);
    sum = mix(sum, (u64)move.from << 8 | move.to);
    sum = mix(sum, (u64)(i64)score);
    over = score <= 100 - mate || score >= mate - 100 || now.halfmoves >= 100 || !make(&move);
  }
  if (n) {
    set_up();
    u64 games = perft(2);
    if (games != 400) return -1;
    sum = mix(sum, games);
  }
  return (i64)mix(sum, nodes);
}
