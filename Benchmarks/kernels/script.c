// An interpreter for a small scripting language: a scanner, a parser by precedence, and a walk over the syntax tree, with
// strings that are interned, growing lists and hashed maps. Its programs sort, count words, search and recurse.
#include "kernel.h"

enum {
  max_nodes = 4096,
  max_names = 512,
  max_values = 1 << 16,
  heap_size = 1 << 20,
  max_locals = 4096,
  max_children = 16,
};

// Strings and names.

typedef struct {
  u32 start, length, hash;
} String;

/// Strings, lists and maps live here until the program ends.
static _Alignas(8) u8 heap[heap_size];
static u32 heap_used;
static String strings[8192];
static u32 string_count;
static u32 string_table[16384];
static i32 failed;

static u32 allocate(u32 bytes) {
  bytes = (bytes + 7) & ~7u;
  if (bytes > heap_size - heap_used) {
    failed = 1;
    heap_used = 0;
  }
  u32 at = heap_used;
  heap_used += bytes;
  return at;
}

static int is_same(const u8 *a, const u8 *b, u32 count) {
  for (u32 i = 0; i < count; i++) {
    if (a[i] != b[i]) return 0;
  }
  return 1;
}

/// The number of the string with these bytes: the same for the same bytes. 0 is the empty string.
NOINLINE static u32 intern(const u8 *bytes, u32 length) {
  u32 hash = 2166136261u;
  for (u32 i = 0; i < length; i++) hash = (hash ^ bytes[i]) * 16777619u;
  u32 slot = hash & 16383;
  for (; string_table[slot]; slot = (slot + 1) & 16383) {
    String *string = &strings[string_table[slot] - 1];
    if (string->hash == hash && string->length == length && is_same(heap + string->start, bytes, length)) {
      return string_table[slot] - 1;
    }
  }
  if (string_count == 8192) {
    failed = 1;
    return 0;
  }
  u32 start = allocate(length + 1);
  for (u32 i = 0; i < length; i++) heap[start + i] = bytes[i];
  strings[string_count] = (String){start, length, hash};
  string_table[slot] = ++string_count;
  return string_count - 1;
}

// Values.

typedef enum { NIL, NUMBER, STRING, LIST, MAP, FUNCTION } Kind;

typedef struct {
  Kind kind;
  u32 index;   // string, list, map, function
  i64 number;  // NUMBER
} Value;

typedef struct {
  u32 start, count, capacity;  // values from `start`, in the heap
} List;

typedef struct {
  u32 start, count, capacity;  // pairs of key (NUMBER or STRING) and value
} Map;

static List lists[4096];
static u32 list_count;
static Map maps[256];
static u32 map_count;

static Value nil(void) { return (Value){NIL, 0, 0}; }
static Value number(i64 value) { return (Value){NUMBER, 0, value}; }
static Value string(u32 index) { return (Value){STRING, index, 0}; }

static int is_true(Value value) { return value.kind == NUMBER ? value.number != 0 : value.kind != NIL; }

static int is_equal(Value a, Value b) { return a.kind == b.kind && a.index == b.index && a.number == b.number; }

static Value *values_at(u32 start) { return (Value *)(void *)(heap + start); }

static Value new_list(void) {
  if (list_count == 4096) {
    failed = 1;
    list_count = 0;
  }
  lists[list_count] = (List){0, 0, 0};
  return (Value){LIST, list_count++, 0};
}

static void append(u32 list, Value value) {
  List *it = &lists[list];
  if (it->count == it->capacity) {
    u32 capacity = it->capacity ? 2 * it->capacity : 4;
    u32 start = allocate(capacity * (u32)sizeof(Value));
    for (u32 i = 0; i < it->count; i++) values_at(start)[i] = values_at(it->start)[i];
    it->start = start;
    it->capacity = capacity;
  }
  values_at(it->start)[it->count++] = value;
}

static Value new_map(void) {
  if (map_count == 256) {
    failed = 1;
    map_count = 0;
  }
  u32 capacity = 16, start = allocate(2 * capacity * (u32)sizeof(Value));
  for (u32 i = 0; i < 2 * capacity; i++) values_at(start)[i] = nil();
  maps[map_count] = (Map){start, 0, capacity};
  return (Value){MAP, map_count++, 0};
}

/// Where `key` is, or where it belongs.
static Value *slot_of(const Map *map, Value key) {
  u64 hash = ((u64)key.number + key.index) * 0x9E3779B97F4A7C15ULL + key.kind;
  u32 at = (u32)(hash >> 40) & (map->capacity - 1);
  Value *slots = values_at(map->start);
  while (slots[2 * at].kind != NIL && !is_equal(slots[2 * at], key)) at = (at + 1) & (map->capacity - 1);
  return &slots[2 * at];
}

NOINLINE static void set_in_map(u32 index, Value key, Value value) {
  Map *map = &maps[index];
  Value *slot = slot_of(map, key);
  if (slot->kind == NIL) {
    if (4 * (map->count + 1) > 3 * map->capacity) {
      Map old = *map;
      map->capacity *= 2;
      map->start = allocate(2 * map->capacity * (u32)sizeof(Value));
      for (u32 i = 0; i < 2 * map->capacity; i++) values_at(map->start)[i] = nil();
      for (u32 i = 0; i < old.capacity; i++) {
        Value *pair = values_at(old.start) + 2 * i;
        if (pair->kind == NIL) continue;
        Value *place = slot_of(map, pair[0]);
        place[0] = pair[0];
        place[1] = pair[1];
      }
      slot = slot_of(map, key);
    }
    map->count++;
    slot[0] = key;
  }
  slot[1] = value;
}

// Scanning.

typedef enum { END, WORD, DIGITS, QUOTED, SIGN } TokenKind;

static const char *source;
static TokenKind token;
static u32 token_value;  // the string of a word or a quoted text; the bytes of a sign, the first lowest
static i64 token_number;

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

static void next(void) {
  while (*source == ' ' || *source == '\n') source++;
  const char *start = source;
  if (!*source) {
    token = END;
  } else if (is_letter(*source)) {
    while (is_letter(*source) || is_digit(*source)) source++;
    token = WORD;
    token_value = intern((const u8 *)start, (u32)(source - start));
  } else if (is_digit(*source)) {
    token = DIGITS;
    for (token_number = 0; is_digit(*source); source++) token_number = token_number * 10 + (*source - '0');
  } else if (*source == '\'') {
    while (*++source != '\'') {}
    token = QUOTED;
    token_value = intern((const u8 *)start + 1, (u32)(source - start - 1));
    source++;
  } else {
    token = SIGN;
    token_value = (u8)*source++;
    if (*source == '=' && (token_value == '=' || token_value == '!' || token_value == '<' || token_value == '>')) {
      token_value |= (u32)(u8)*source++ << 8;
    }
  }
}

// The syntax tree.

typedef enum {
  CONSTANT, LOCAL, GLOBAL, ASSIGN_LOCAL, ASSIGN_GLOBAL, BINARY, NOT, NEGATE, AND, OR, CALL, INDEX, ASSIGN_INDEX, LIST_OF, MAP_OF,
  IF, WHILE, BLOCK, RETURN,
} NodeKind;

typedef struct {
  NodeKind kind;
  u32 what;  // the local, the global, the operator
  u32 count;
  u32 children[max_children];
  Value value;
} Node;

typedef struct {
  u32 name, parameters, locals, body;
  i32 builtin;  // -1: none
} Function;

static Node nodes[max_nodes];
static u32 node_count;
static Function functions[64];
static u32 function_count;
static Value globals[max_names];
static u32 global_names[max_names], global_count;
static u32 local_names[64], local_count;
static i32 in_function;

static u32 node(NodeKind kind, u32 what) {
  if (node_count == max_nodes) {
    failed = 1;
    node_count = 0;
  }
  nodes[node_count].kind = kind;
  nodes[node_count].what = what;
  nodes[node_count].count = 0;
  return node_count++;
}

static void child(u32 parent, u32 it) {
  if (nodes[parent].count == max_children) failed = 1;
  else nodes[parent].children[nodes[parent].count++] = it;
}

static u32 word(const char *text) {
  u32 length = 0;
  while (text[length]) length++;
  return intern((const u8 *)text, length);
}

static int is_sign(char c) { return token == SIGN && token_value == (u8)c; }

static int accept(char c) {
  if (!is_sign(c)) return 0;
  next();
  return 1;
}

static void expect(char c) {
  if (!accept(c)) failed = 1;
}

static int accept_word(const char *text) {
  if (token != WORD || token_value != word(text)) return 0;
  next();
  return 1;
}

static u32 global_of(u32 name) {
  for (u32 i = 0; i < global_count; i++) {
    if (global_names[i] == name) return i;
  }
  global_names[global_count] = name;
  globals[global_count] = nil();
  return global_count++;
}

static i32 local_of(u32 name) {
  for (u32 i = 0; i < local_count; i++) {
    if (local_names[i] == name) return (i32)i;
  }
  return -1;
}

static u32 parse_expression(u32 level);
static u32 parse_block(void);

static u32 constant(Value value) {
  u32 it = node(CONSTANT, 0);
  nodes[it].value = value;
  return it;
}

static void parse_items(u32 parent, char end) {
  while (!failed && !accept(end)) {
    child(parent, parse_expression(0));
    if (!is_sign(end)) expect(',');
  }
}

static u32 parse_primary(void) {
  u32 it;
  if (token == DIGITS) {
    it = constant(number(token_number));
    next();
  } else if (token == QUOTED) {
    it = constant(string(token_value));
    next();
  } else if (token == WORD) {
    i32 local = local_of(token_value);
    it = local >= 0 ? node(LOCAL, (u32)local) : node(GLOBAL, global_of(token_value));
    next();
  } else if (accept('(')) {
    it = parse_expression(0);
    expect(')');
  } else if (accept('[')) {
    it = node(LIST_OF, 0);
    parse_items(it, ']');
  } else if (accept('{')) {
    it = node(MAP_OF, 0);
    expect('}');
  } else if (accept('-')) {
    it = node(NEGATE, 0);
    child(it, parse_primary());
  } else if (accept('!')) {
    it = node(NOT, 0);
    child(it, parse_primary());
  } else {
    failed = 1;
    return constant(nil());
  }
  for (;;) {
    u32 inner = it;
    if (accept('(')) {
      it = node(CALL, 0);
      child(it, inner);
      parse_items(it, ')');
    } else if (accept('[')) {
      it = node(INDEX, 0);
      child(it, inner);
      child(it, parse_expression(0));
      expect(']');
    } else {
      return it;
    }
    if (failed) return it;
  }
}

/// How tightly the operator that comes next binds; 0 if none comes.
static u32 precedence(void) {
  if (token == WORD) return token_value == word("or") ? 1 : token_value == word("and") ? 2 : 0;
  if (token != SIGN) return 0;
  switch (token_value) {
    case '=' | '=' << 8: case '!' | '=' << 8: return 3;
    case '<': case '>': case '<' | '=' << 8: case '>' | '=' << 8: return 4;
    case '+': case '-': return 5;
    case '*': case '/': case '%': return 6;
    default: return 0;
  }
}

RECURSIVE static u32 parse_expression(u32 level) {
  u32 left = parse_primary();
  for (;;) {
    u32 binds = precedence();
    if (failed || binds <= level) return left;
    u32 it = binds == 1 ? node(OR, 0) : binds == 2 ? node(AND, 0) : node(BINARY, token_value);
    next();
    child(it, left);
    child(it, parse_expression(binds));
    left = it;
  }
}

static u32 parse_statement(void) {
  if (accept_word("if")) {
    u32 it = node(IF, 0);
    child(it, parse_expression(0));
    child(it, parse_block());
    if (accept_word("else")) child(it, is_sign('{') ? parse_block() : parse_statement());
    return it;
  }
  if (accept_word("while")) {
    u32 it = node(WHILE, 0);
    child(it, parse_expression(0));
    child(it, parse_block());
    return it;
  }
  if (accept_word("return")) {
    u32 it = node(RETURN, 0);
    child(it, parse_expression(0));
    expect(';');
    return it;
  }
  if (in_function && accept_word("let")) {
    if (local_count < 64) local_names[local_count++] = token_value;
    return parse_statement();
  }
  u32 it = parse_expression(0);
  if (accept('=')) {
    u32 place = it;
    NodeKind kind = nodes[place].kind == LOCAL ? ASSIGN_LOCAL : nodes[place].kind == GLOBAL ? ASSIGN_GLOBAL : ASSIGN_INDEX;
    if (kind == ASSIGN_INDEX && nodes[place].kind != INDEX) failed = 1;
    it = node(kind, nodes[place].what);
    if (kind == ASSIGN_INDEX) {
      child(it, nodes[place].children[0]);
      child(it, nodes[place].children[1]);
    }
    child(it, parse_expression(0));
  }
  expect(';');
  return it;
}

RECURSIVE static u32 parse_block(void) {
  u32 it = node(BLOCK, 0);
  expect('{');
  while (!failed && !accept('}')) child(it, parse_statement());
  return it;
}

static void parse_function(void) {
  Function *function = &functions[function_count];
  function->name = token_value;
  function->builtin = -1;
  globals[global_of(token_value)] = (Value){FUNCTION, function_count++, 0};
  next();
  expect('(');
  local_count = 0;
  while (!failed && !accept(')')) {
    local_names[local_count++] = token_value;
    next();
    if (!is_sign(')')) expect(',');
  }
  function->parameters = local_count;
  in_function = 1;
  function->body = parse_block();
  in_function = 0;
  function->locals = local_count;
  local_count = 0;
}

// Execution.

static Value stack[max_locals];
static u32 stack_used;
static Value returned;
static i32 returns;
static u64 output;

enum { LENGTH, PUSH, PRINT, CHARACTER, HAS, TEXT_OF, builtin_count };
static const char *const builtin_names[builtin_count] = {"length", "push", "print", "character", "has", "text"};

static u64 fingerprint(Value value) {
  if (value.kind == STRING) return strings[value.index].hash;
  if (value.kind == LIST) return lists[value.index].count + 1000003;
  return (u64)value.number * 31 + value.kind;
}

static Value call_builtin(i32 builtin, const Value *arguments, u32 count) {
  Value first = count ? arguments[0] : nil(), second = count > 1 ? arguments[1] : nil();
  switch (builtin) {
    case LENGTH:
      if (first.kind == STRING) return number(strings[first.index].length);
      if (first.kind == LIST) return number(lists[first.index].count);
      return number(first.kind == MAP ? maps[first.index].count : 0);
    case PUSH:
      if (first.kind == LIST) append(first.index, second);
      return first;
    case PRINT: output = mix(output, fingerprint(first)); return nil();
    case CHARACTER: {
      if (first.kind != STRING || (u64)second.number >= strings[first.index].length) return nil();
      return string(intern(heap + strings[first.index].start + second.number, 1));
    }
    case HAS: return number(first.kind == MAP && slot_of(&maps[first.index], second)->kind != NIL);
    default: {
      u8 digits[24];
      u32 at = 24;
      u64 rest = first.number < 0 ? 0 - (u64)first.number : (u64)first.number;
      do digits[--at] = (u8)('0' + rest % 10);
      while (rest /= 10);
      if (first.number < 0) digits[--at] = '-';
      return string(intern(digits + at, 24 - at));
    }
  }
}

static Value join(u32 left, u32 right) {
  u8 bytes[256];
  u32 a = strings[left].length, b = strings[right].length;
  if (a + b > 256) {
    failed = 1;
    return nil();
  }
  for (u32 i = 0; i < a; i++) bytes[i] = heap[strings[left].start + i];
  for (u32 i = 0; i < b; i++) bytes[a + i] = heap[strings[right].start + i];
  return string(intern(bytes, a + b));
}

static i32 compare_strings(u32 left, u32 right) {
  const String *a = &strings[left], *b = &strings[right];
  u32 shared = a->length < b->length ? a->length : b->length;
  for (u32 i = 0; i < shared; i++) {
    i32 difference = heap[a->start + i] - heap[b->start + i];
    if (difference) return difference;
  }
  return (i32)a->length - (i32)b->length;
}

NOINLINE static Value apply(u32 sign, Value a, Value b) {
  if (sign == ('=' | '=' << 8)) return number(is_equal(a, b));
  if (sign == ('!' | '=' << 8)) return number(!is_equal(a, b));
  if (a.kind == STRING && b.kind == STRING) {
    if (sign == '+') return join(a.index, b.index);
    a = number(compare_strings(a.index, b.index));
    b = number(0);
  }
  if (a.kind != NUMBER || b.kind != NUMBER) {
    failed = 1;
    return nil();
  }
  i64 x = a.number, y = b.number;
  switch (sign) {
    case '+': return number((i64)((u64)x + (u64)y));
    case '-': return number((i64)((u64)x - (u64)y));
    case '*': return number((i64)((u64)x * (u64)y));
    case '/': return number(y > 0 ? x / y : 0);
    case '%': return number(y > 0 ? x % y : 0);
    case '<': return number(x < y);
    case '>': return number(x > y);
    case '<' | '=' << 8: return number(x <= y);
    case '>' | '=' << 8: return number(x >= y);
    default: failed = 1; return nil();
  }
}

RECURSIVE static Value evaluate(u32 index, u32 frame) {
  const Node *it = &nodes[index];
  if (failed) return nil();
  switch (it->kind) {
    case CONSTANT: return it->value;
    case LOCAL: return stack[frame + it->what];
    case GLOBAL: return globals[it->what];
    case ASSIGN_LOCAL: return stack[frame + it->what] = evaluate(it->children[0], frame);
    case ASSIGN_GLOBAL: return globals[it->what] = evaluate(it->children[0], frame);
    case BINARY: {
      Value left = evaluate(it->children[0], frame);
      return apply(it->what, left, evaluate(it->children[1], frame));
    }
    case NOT: return number(!is_true(evaluate(it->children[0], frame)));
    case NEGATE: return apply('-', number(0), evaluate(it->children[0], frame));
    case AND: {
      Value left = evaluate(it->children[0], frame);
      return is_true(left) ? evaluate(it->children[1], frame) : left;
    }
    case OR: {
      Value left = evaluate(it->children[0], frame);
      return is_true(left) ? left : evaluate(it->children[1], frame);
    }
    case CALL: {
      Value callee = evaluate(it->children[0], frame);
      u32 base = stack_used, count = it->count - 1;
      if (callee.kind != FUNCTION || base + 80 > max_locals) {
        failed = 1;
        return nil();
      }
      const Function *function = &functions[callee.index];
      stack_used += count;
      for (u32 i = 0; i < count; i++) stack[base + i] = evaluate(it->children[i + 1], frame);
      Value result;
      if (function->builtin >= 0) {
        result = call_builtin(function->builtin, stack + base, count);
      } else {
        stack_used = base + function->locals;
        for (u32 i = count; i < function->locals; i++) stack[base + i] = nil();
        evaluate(function->body, base);
        result = returns ? returned : nil();
        returns = 0;
      }
      stack_used = base;
      return result;
    }
    case INDEX:
    case ASSIGN_INDEX: {
      Value of = evaluate(it->children[0], frame), key = evaluate(it->children[1], frame);
      if (of.kind == LIST) {
        Value value = it->kind == INDEX ? nil() : evaluate(it->children[2], frame);
        const List *list = &lists[of.index];
        if (key.kind != NUMBER || (u64)key.number >= list->count) {
          failed = 1;
          return nil();
        }
        Value *place = values_at(list->start) + key.number;
        return it->kind == INDEX ? *place : (*place = value);
      }
      if (of.kind != MAP) {
        failed = 1;
        return nil();
      }
      if (it->kind == INDEX) return slot_of(&maps[of.index], key)[1];
      Value value = evaluate(it->children[2], frame);
      set_in_map(of.index, key, value);
      return value;
    }
    case LIST_OF: {
      Value list = new_list();
      for (u32 i = 0; i < it->count; i++) append(list.index, evaluate(it->children[i], frame));
      return list;
    }
    case MAP_OF: return new_map();
    case IF:
      if (is_true(evaluate(it->children[0], frame))) return evaluate(it->children[1], frame);
      return it->count > 2 ? evaluate(it->children[2], frame) : nil();
    case WHILE:
      while (!returns && !failed && is_true(evaluate(it->children[0], frame))) evaluate(it->children[1], frame);
      return nil();
    case BLOCK:
      for (u32 i = 0; i < it->count && !returns; i++) evaluate(it->children[i], frame);
      return nil();
    case RETURN:
      returned = evaluate(it->children[0], frame);
      returns = 1;
      return nil();
  }
  return nil();
}

// The programs.

static const char program[] =
    "function random() { seed = (seed * 1103515245 + 12345) % 2147483648; return seed / 65536; }\n"
    "function fib(n) { if n < 2 { return n; } return fib(n - 1) + fib(n - 2); }\n"
    "function sort(list, low, high) {\n"
    "  if low >= high { return 0; } else if low < 0 { return low; }\n"
    "  let pivot = list[(low + high) / 2]; let i = low; let j = high; let held = 0;\n"
    "  while i <= j {\n"
    "    while list[i] < pivot { i = i + 1; }\n"
    "    while list[j] > pivot { j = j - 1; }\n"
    "    if i <= j { held = list[i]; list[i] = list[j]; list[j] = held; i = i + 1; j = j - 1; }\n"
    "  }\n"
    "  sort(list, low, j); sort(list, i, high);\n"
    "  return length(list);\n"
    "}\n"
    "function numbers(count) {\n"
    "  let list = []; let i = 0;\n"
    "  while i < count { push(list, random() % 1000); i = i + 1; }\n"
    "  sort(list, 0, count - 1);\n"
    "  i = 1;\n"
    "  while i < count { if list[i - 1] > list[i] { print('unsorted'); } i = i + 1; }\n"
    "  print(list[count / 2]);\n"
    "}\n"
    "function word() {\n"
    "  let text = ''; let i = 0;\n"
    "  while i < 2 { text = text + character('bdgklmnprst', random() % 11) + character('aeiou', random() % 5); i = i + 1; }\n"
    "  return text;\n"
    "}\n"
    "function count_words(count) {\n"
    "  let counts = {}; let seen = []; let i = 0; let it = '';\n"
    "  while i < count {\n"
    "    it = word();\n"
    "    if has(counts, it) { counts[it] = counts[it] + 1; } else { counts[it] = 1; push(seen, it); }\n"
    "    i = i + 1;\n"
    "  }\n"
    "  sort(seen, 0, length(seen) - 1);\n"
    "  i = 0;\n"
    "  while i < length(seen) { if counts[seen[i]] > 1 { print(seen[i] + text(counts[seen[i]])); } i = i + 1; }\n"
    "}\n"
    "function is_safe(rows, column, row) {\n"
    "  let i = 0; let gap = 0;\n"
    "  while i < column {\n"
    "    gap = rows[i] - row;\n"
    "    if gap == 0 or gap == column - i or gap == i - column { return 0; }\n"
    "    i = i + 1;\n"
    "  }\n"
    "  return 1;\n"
    "}\n"
    "function queens(rows, column, size) {\n"
    "  if column == size { return 1; }\n"
    "  let found = 0; let row = 0;\n"
    "  while row < size {\n"
    "    if is_safe(rows, column, row) { rows[column] = row; found = found + queens(rows, column + 1, size); }\n"
    "    row = row + 1;\n"
    "  }\n"
    "  return found;\n"
    "}\n"
    "function sieve(limit) {\n"
    "  let marks = {}; let count = 0; let i = 2; let j = 0;\n"
    "  while i < limit {\n"
    "    if !has(marks, i) { count = count + 1; j = i * i; while j < limit { marks[j] = 1; j = j + i; } }\n"
    "    i = i + 1;\n"
    "  }\n"
    "  return count;\n"
    "}\n"
    "function main(start) {\n"
    "  seed = start;\n"
    "  numbers(150); count_words(120);\n"
    "  print(fib(11)); print(queens([0, 0, 0, 0, 0], 0, 5)); print(sieve(300));\n"
    "  return seed;\n"
    "}\n";

static void load(void) {
  heap_used = string_count = node_count = function_count = global_count = local_count = list_count = map_count = 0;
  stack_used = 0;
  returns = failed = in_function = 0;
  for (u32 i = 0; i < 16384; i++) string_table[i] = 0;
  intern(0, 0);
  for (i32 i = 0; i < builtin_count; i++) {
    globals[global_of(word(builtin_names[i]))] = (Value){FUNCTION, function_count, 0};
    functions[function_count++].builtin = i;
  }
  source = program;
  next();
  while (!failed && token != END) {
    if (!accept_word("function")) failed = 1;
    else parse_function();
  }
}

/// `n` times: parses the program and executes it, with another seed.
i64 run(i32 n) {
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) {
    load();
    output = (u64)round;
    u32 call = node(CALL, 0);
    child(call, node(GLOBAL, global_of(word("main"))));
    child(call, constant(number(1 + (round & 15))));
    Value last = evaluate(call, 0);
    if (failed) return -1;
    sum = mix(mix(sum, output), (u64)last.number);
  }
  return (i64)sum;
}
