/* Where the memory of descriptions, vectors and references comes from, and the checks of how they are used. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cannery-internal.h"

static void *(*allocate)(size_t) = malloc;
static void (*release)(void *) = free;

void cannery_set_allocator(void *(*new_allocate)(size_t), void (*new_release)(void *)) {
  allocate = new_allocate ? new_allocate : malloc;
  release = new_release ? new_release : free;
}

void cannery_misused(const char *what) {
  fprintf(stderr, "cannery: %s\n", what);
  abort();
}

static void *allocate_or_end(size_t bytes) {
  void *memory = bytes ? allocate(bytes) : NULL;
  if (!memory) {
    fprintf(stderr, "cannery: no memory for %zu bytes\n", bytes);
    abort();
  }
  return memory;
}

/* ---- Checks ---- */

bool cannery_checks = false;

void cannery_set_checks(bool on) { cannery_checks = on; }

/* In front of every block while checks are on; as large as the strictest alignment. */
struct block {
  uint64_t mark;
  size_t size;
};

enum { MARK_LIVE = 0x43414e4e, MARK_ENDED = 0xdddddddd };

/* Blocks that were given back wait here, so that their addresses don't come again at once. */
enum { WAITING = 1 << 16 };
static struct block *waiting[WAITING];
static size_t next_waiting;

/* The objects that pointers of the program's retain, and how many do: a table with open addressing. */
struct entry {
  const void *object;
  size_t count;
};
static struct entry *entries;
static size_t entry_room, entries_used;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *allocate_checked(size_t bytes) {
  struct block *block = allocate_or_end(bytes > SIZE_MAX - sizeof *block ? 0 : bytes + sizeof *block);
  block->mark = MARK_LIVE;
  block->size = bytes;
  return block + 1;
}

static void release_checked(void *memory) {
  struct block *block = (struct block *)memory - 1;
  if (block->mark == MARK_ENDED) cannery_misused("something was deleted twice");
  if (block->mark != MARK_LIVE) cannery_misused("something was deleted that the library did not allocate");
  block->mark = MARK_ENDED;
  /* References then have the kind CANNERY_REFERENCE_ENDED. */
  memset(memory, 0xdd, block->size);
  pthread_mutex_lock(&lock);
  struct block *oldest = waiting[next_waiting % WAITING];
  waiting[next_waiting++ % WAITING] = block;
  pthread_mutex_unlock(&lock);
  if (oldest) release(oldest);
}

void cannery_check_block(const void *memory) {
  const struct block *block = (const struct block *)memory - 1;
  if (block->mark == MARK_ENDED) cannery_misused("something was used, or deleted twice, after it was deleted");
}

/* The place of an object, or the first free one in its row. */
static struct entry *entry_of(const void *object) {
  size_t place = ((uintptr_t)object >> 4) * 0x9e3779b97f4a7c15u;
  for (;; place++) {
    struct entry *entry = &entries[place & (entry_room - 1)];
    if (!entry->object || entry->object == object) return entry;
  }
}

void cannery_check_retained(const void *object) {
  pthread_mutex_lock(&lock);
  if (entries_used * 2 >= entry_room) {
    struct entry *old = entries;
    size_t old_room = entry_room;
    entry_room = old_room ? old_room * 2 : 1024;
    entries = calloc(entry_room, sizeof *entries);
    if (!entries) cannery_misused("no memory for checks");
    for (size_t i = 0; i < old_room; i++)
      if (old[i].object) *entry_of(old[i].object) = old[i];
    free(old);
  }
  struct entry *entry = entry_of(object);
  if (!entry->object) entries_used++;
  entry->object = object;
  entry->count++;
  pthread_mutex_unlock(&lock);
}

/* Entries stay: what ended is told from what never was. */
static bool is_alive(const void *object, size_t taken) {
  pthread_mutex_lock(&lock);
  struct entry *entry = entry_room ? entry_of(object) : NULL;
  bool alive = entry && entry->object && entry->count > 0;
  if (alive) entry->count -= taken;
  pthread_mutex_unlock(&lock);
  return alive;
}

void cannery_check_released(const void *object) {
  if (!is_alive(object, 1)) cannery_misused("something was deleted twice, or is none of the library's things");
}

void cannery_check_alive(const void *object) {
  if (!is_alive(object, 0)) cannery_misused("something was used after it was deleted, or is none of the library's things");
}

/* ---- Blocks ---- */

void *cannery_allocate(size_t bytes) {
  return cannery_checks ? allocate_checked(bytes) : allocate_or_end(bytes ? bytes : 1);
}

void cannery_release(void *memory) {
  if (!memory) return;
  if (cannery_checks) release_checked(memory);
  else release(memory);
}
