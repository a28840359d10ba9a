// Integer and floating-point types by width, for code without a C library.
#pragma once

typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;
/// As wide as a pointer: 32 bits in wasm32, 64 in wasm64.
typedef __SIZE_TYPE__ usize;

#define COUNT(array) ((i32)(sizeof(array) / sizeof((array)[0])))
#define NOINLINE __attribute__((noinline))
#define NORETURN __attribute__((noreturn))

/// Bytes that someone else owns.
typedef struct {
  const u8 *data;
  u32 count;
} Bytes;

/// The bytes of a string literal.
#define TEXT(literal) ((Bytes){(const u8 *)(literal), sizeof(literal) - 1})
