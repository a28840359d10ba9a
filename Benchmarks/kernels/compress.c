// A compressor of its own format: matches found through hash chains (LZ77), then canonical Huffman codes of at most 15 bits
// for literals with lengths, and for distances. Compresses a generated text and unpacks it again.
#include "kernel.h"

enum {
  text_size = 16 << 10,
  window = 1 << 15,
  hash_bits = 13,
  shortest = 3,
  longest = 258,
  deepest_chain = 24,
  symbol_count = 256 + 1 + 32,  // bytes, the end, classes of lengths
  distance_count = 40,          // classes of distances
  end_symbol = 256,
  longest_code = 15,
};

static u8 text[text_size];
static u8 packed[2 * text_size + 1024];
static u8 unpacked[text_size];

// The text: words of a made-up vocabulary in sentences, with repetitions that a compressor finds.

static u8 words[512][12];
static u8 word_lengths[512];

static void make_words(u64 *random) {
  static const char consonants[] = "bcdfghklmnprstvw";
  static const char vowels[] = "aeiou";
  for (i32 i = 0; i < 512; i++) {
    u64 bits = random_next(random);
    u32 syllables = 1 + (bits & 3), length = 0;
    for (u32 s = 0; s < syllables; s++) {
      bits >>= 4;
      words[i][length++] = (u8)consonants[bits & 15];
      words[i][length++] = (u8)vowels[(bits >> 4) % 5];
      if (bits & 256) words[i][length++] = (u8)consonants[(bits >> 9) & 15];
    }
    word_lengths[i] = (u8)length;
  }
}

static void make_text(u64 seed) {
  u64 random = seed;
  make_words(&random);
  u32 at = 0, in_sentence = 0;
  while (at + 16 < text_size) {
    u64 bits = random_next(&random);
    // Small numbers are more frequent, as in real texts.
    u32 word = (u32)(bits >> 8 & 511) & (u32)(bits >> 20 & 511);
    if (bits >> 40 & 1) word &= (u32)(bits >> 30 & 511);
    for (u32 i = 0; i < word_lengths[word]; i++) {
      u8 c = words[word][i];
      text[at++] = in_sentence == 0 && i == 0 ? (u8)(c - 'a' + 'A') : c;
    }
    in_sentence++;
    if (in_sentence > 4 && (bits >> 50 & 7) == 0) {
      text[at++] = '.';
      text[at++] = bits >> 53 & 3 ? ' ' : '\n';
      in_sentence = 0;
    } else {
      text[at++] = ' ';
    }
  }
  while (at < text_size) text[at++] = '.';
}

// Classes: values that share all but their low bits share a symbol; the low bits follow as they are.

static u32 class_of(u32 value) {
  if (value < 4) return value;
  u32 top = 31 - (u32)__builtin_clz(value);
  return 2 * top + (value >> (top - 1) & 1);
}

static u32 class_bits(u32 class) { return class < 4 ? 0 : class / 2 - 1; }

static u32 class_base(u32 class) { return class < 4 ? class : (2 | (class & 1)) << (class / 2 - 1); }

// Bits, the lowest first.

static u32 packed_count;
static u64 bit_buffer;
static u32 bit_count;

static void put_bits(u32 value, u32 count) {
  bit_buffer |= (u64)value << bit_count;
  bit_count += count;
  while (bit_count >= 8) {
    packed[packed_count++] = (u8)bit_buffer;
    bit_buffer >>= 8;
    bit_count -= 8;
  }
}

static void flush_bits(void) {
  if (bit_count) packed[packed_count++] = (u8)bit_buffer;
  bit_buffer = 0;
  bit_count = 0;
}

static u32 read_at;

static void fill_bits(void) {
  while (bit_count <= 48) {
    bit_buffer |= (u64)(read_at < packed_count ? packed[read_at] : 0) << bit_count;
    read_at++;
    bit_count += 8;
  }
}

static u32 get_bits(u32 count) {
  fill_bits();
  u32 value = (u32)bit_buffer & ((1u << count) - 1);
  bit_buffer >>= count;
  bit_count -= count;
  return value;
}

// Huffman codes.

typedef struct {
  u32 frequencies[symbol_count];
  u8 lengths[symbol_count];
  u16 codes[symbol_count];  // the first bit is the lowest
} Code;

static Code literal_code, distance_code;

/// A heap of nodes, the least frequent first; ties by number, so that the code is the same everywhere.
static u32 heap[2 * symbol_count], heap_count;
static u32 weights[2 * symbol_count];
static i32 parents[2 * symbol_count];

static i32 is_before(u32 a, u32 b) { return weights[a] != weights[b] ? weights[a] < weights[b] : a < b; }

static void push(u32 node) {
  u32 at = heap_count++;
  while (at && is_before(node, heap[(at - 1) / 2])) {
    heap[at] = heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap[at] = node;
}

static u32 pop(void) {
  u32 first = heap[0], last = heap[--heap_count], at = 0;
  for (;;) {
    u32 child = 2 * at + 1;
    if (child >= heap_count) break;
    if (child + 1 < heap_count && is_before(heap[child + 1], heap[child])) child++;
    if (!is_before(heap[child], last)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return first;
}

/// Lengths by a Huffman tree; those above the longest are shortened, and shorter ones lengthened until they fit.
NOINLINE static void find_lengths(Code *code, i32 count) {
  i32 nodes = count, used = 0;
  heap_count = 0;
  for (i32 i = 0; i < count; i++) {
    code->lengths[i] = 0;
    if (!code->frequencies[i]) continue;
    weights[i] = code->frequencies[i];
    push((u32)i);
    used++;
  }
  if (used == 0) return;
  if (used == 1) {
    code->lengths[heap[0]] = 1;
    return;
  }
  while (heap_count > 1) {
    u32 a = pop(), b = pop();
    weights[nodes] = weights[a] + weights[b];
    parents[a] = parents[b] = nodes;
    push((u32)nodes++);
  }
  parents[nodes - 1] = -1;
  u32 room = 0;  // in units of the longest code
  for (i32 i = 0; i < count; i++) {
    if (!code->frequencies[i]) continue;
    u32 length = 0;
    for (i32 node = parents[i]; node >= 0; node = parents[node]) length++;
    if (length > longest_code) length = longest_code;
    code->lengths[i] = (u8)length;
    room += 1u << (longest_code - length);
  }
  while (room > 1u << longest_code) {
    // Lengthen the longest code that still can be.
    i32 best = -1;
    for (i32 i = 0; i < count; i++) {
      u8 length = code->lengths[i];
      if (length && length < longest_code && (best < 0 || length > code->lengths[best])) best = i;
    }
    code->lengths[best]++;
    room -= 1u << (longest_code - code->lengths[best]);
  }
}

static u32 reversed(u32 bits, u32 count) {
  u32 result = 0;
  for (u32 i = 0; i < count; i++) result |= (bits >> i & 1) << (count - 1 - i);
  return result;
}

static void assign_codes(Code *code, i32 count) {
  u32 next = 0;
  for (u32 length = 1; length <= longest_code; length++) {
    for (i32 i = 0; i < count; i++) {
      if (code->lengths[i] == length) code->codes[i] = (u16)reversed(next++, length);
    }
    next <<= 1;
  }
}

/// Writes the lengths, runs of zeros in short.
static void write_lengths(const Code *code, i32 count) {
  for (i32 i = 0; i < count;) {
    put_bits(code->lengths[i], 4);
    if (code->lengths[i++]) continue;
    i32 run = 0;
    while (i < count && !code->lengths[i] && run < 63) {
      run++;
      i++;
    }
    put_bits((u32)run, 6);
  }
}

static void read_lengths(Code *code, i32 count) {
  for (i32 i = 0; i < count;) {
    u32 length = get_bits(4);
    code->lengths[i++] = (u8)length;
    if (length) continue;
    for (u32 run = get_bits(6); run && i < count; run--) code->lengths[i++] = 0;
  }
}

/// For each of the next `longest_code` bits: the symbol, and the length of its code.
static u16 literal_table[1 << longest_code], distance_table[1 << longest_code];

static void fill_table(const Code *code, i32 count, u16 *table) {
  for (i32 i = 0; i < count; i++) {
    u32 length = code->lengths[i];
    if (!length) continue;
    for (u32 at = code->codes[i]; at < 1u << longest_code; at += 1u << length) table[at] = (u16)(i << 4 | (i32)length);
  }
}

static u32 read_symbol(const u16 *table) {
  fill_bits();
  u32 entry = table[bit_buffer & ((1u << longest_code) - 1)];
  bit_buffer >>= entry & 15;
  bit_count -= entry & 15;
  return entry >> 4;
}

// Matches.

static i32 heads[1 << hash_bits], chain[window];
/// What was found: a literal (distance 0), or a length and a distance.
static struct {
  u16 value;
  u16 distance;
} tokens[text_size];
static u32 token_count;

static u32 hash_at(u32 at) {
  u32 bytes = text[at] | (u32)text[at + 1] << 8 | (u32)text[at + 2] << 16;
  return bytes * 0x9E3779B1u >> (32 - hash_bits);
}

static void insert(u32 at) {
  u32 hash = hash_at(at);
  chain[at & (window - 1)] = heads[hash];
  heads[hash] = (i32)at;
}

NOINLINE static u32 longest_match(u32 at, u32 *distance) {
  u32 best = 0, limit = text_size - at;
  if (limit > longest) limit = longest;
  i32 candidate = heads[hash_at(at)];
  for (i32 depth = 0; candidate >= 0 && depth < deepest_chain; depth++) {
    u32 gap = at - (u32)candidate;
    if (gap == 0 || gap >= window) break;
    if (text[(u32)candidate + best] == text[at + best]) {
      u32 length = 0;
      while (length < limit && text[(u32)candidate + length] == text[at + length]) length++;
      if (length > best) {
        best = length;
        *distance = gap;
        if (length == limit) break;
      }
    }
    candidate = chain[(u32)candidate & (window - 1)];
  }
  return best;
}

static void find_tokens(void) {
  for (i32 i = 0; i < 1 << hash_bits; i++) heads[i] = -1;
  token_count = 0;
  u32 at = 0;
  while (at < text_size) {
    u32 distance = 0, length = 0;
    if (at + shortest < text_size) {
      length = longest_match(at, &distance);
      insert(at);
      // A longer match one further on is worth a literal.
      if (length >= shortest && length < 32 && at + 1 + shortest < text_size) {
        u32 later = 0;
        if (longest_match(at + 1, &later) > length + 1) length = 0;
      }
    }
    if (length < shortest) {
      tokens[token_count].value = text[at++];
      tokens[token_count++].distance = 0;
      continue;
    }
    tokens[token_count].value = (u16)length;
    tokens[token_count++].distance = (u16)distance;
    for (u32 end = at++ + length; at < end; at++) {
      if (at + shortest < text_size) insert(at);
    }
  }
}

// The whole.

NOINLINE static void pack(void) {
  find_tokens();
  for (i32 i = 0; i < symbol_count; i++) literal_code.frequencies[i] = distance_code.frequencies[i] = 0;
  for (u32 i = 0; i < token_count; i++) {
    u32 distance = tokens[i].distance;
    if (distance) {
      literal_code.frequencies[end_symbol + 1 + class_of(tokens[i].value - shortest)]++;
      distance_code.frequencies[class_of(distance)]++;
    } else {
      literal_code.frequencies[tokens[i].value]++;
    }
  }
  literal_code.frequencies[end_symbol] = 1;
  packed_count = 0;
  find_lengths(&literal_code, symbol_count);
  find_lengths(&distance_code, distance_count);
  assign_codes(&literal_code, symbol_count);
  assign_codes(&distance_code, distance_count);
  write_lengths(&literal_code, symbol_count);
  write_lengths(&distance_code, distance_count);
  for (u32 i = 0; i < token_count; i++) {
    u32 value = tokens[i].value, distance = tokens[i].distance;
    u32 symbol = distance ? end_symbol + 1 + class_of(value - shortest) : value;
    put_bits(literal_code.codes[symbol], literal_code.lengths[symbol]);
    if (!distance) continue;
    u32 class = symbol - end_symbol - 1;
    put_bits(value - shortest - class_base(class), class_bits(class));
    class = class_of(distance);
    put_bits(distance_code.codes[class], distance_code.lengths[class]);
    put_bits(distance - class_base(class), class_bits(class));
  }
  put_bits(literal_code.codes[end_symbol], literal_code.lengths[end_symbol]);
  flush_bits();
}

/// The number of bytes, or -1 if the packed bytes make no sense.
NOINLINE static i32 unpack(void) {
  read_at = 0;
  read_lengths(&literal_code, symbol_count);
  read_lengths(&distance_code, distance_count);
  assign_codes(&literal_code, symbol_count);
  assign_codes(&distance_code, distance_count);
  fill_table(&literal_code, symbol_count, literal_table);
  fill_table(&distance_code, distance_count, distance_table);
  u32 count = 0;
  for (;;) {
    u32 symbol = read_symbol(literal_table);
    if (symbol == end_symbol) break;
    if (symbol < end_symbol) {
      if (count == text_size) return -1;
      unpacked[count++] = (u8)symbol;
      continue;
    }
    u32 class = symbol - end_symbol - 1;
    u32 length = shortest + class_base(class) + get_bits(class_bits(class));
    class = read_symbol(distance_table);
    u32 distance = class_base(class) + get_bits(class_bits(class));
    if (distance == 0 || distance > count || length > text_size - count) return -1;
    for (u32 end = count + length; count < end; count++) unpacked[count] = unpacked[count - distance];
  }
  bit_buffer = 0;
  bit_count = 0;
  return (i32)count;
}

/// `n` texts of 16 KiB, packed and unpacked.
i64 run(i32 n) {
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) {
    make_text(0xA24BAED4963EE407ULL + (u64)(round & 15));
    pack();
    for (u32 i = 0; i < packed_count; i += 7) sum = mix(sum, packed[i]);
    if (unpack() != text_size) return -1;
    for (u32 i = 0; i < text_size; i++) {
      if (text[i] != unpacked[i]) return -2 - (i64)i;
    }
    sum = mix(sum, packed_count);
  }
  return (i64)sum;
}
