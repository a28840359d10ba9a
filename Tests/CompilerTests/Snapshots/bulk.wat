;; Bulk operators are check points: the length is charged just before them, and before the unit's own charge where the
;; operator is the first of its unit. A loop can begin so.
(module
  (memory 1) (memory $wide i64 1) (table 4 funcref) (data "abc") (elem func)
  (func $fill (memory.fill (i32.const 0) (i32.const 0) (i32.const 16)))
  (func $first (param i32)
    (i32.const 0) (i32.const 1) (local.get 0)
    (if (param i32 i32 i32) (i32.const 1) (then memory.fill) (else drop drop drop)))
  (func $loop
    (i32.const 0) (i32.const 1) (i32.const 2)
    (loop (param i32 i32 i32) memory.fill (nop)))
  (func $block
    (i32.const 0) (i32.const 1) (i32.const 2) (block) (block (param i32 i32 i32) memory.fill))
  (func $others (param i64)
    (memory.copy $wide $wide (i64.const 0) (i64.const 8) (local.get 0))
    (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 3))
    (data.drop 0)
    (table.copy (i32.const 0) (i32.const 1) (i32.const 2))
    (table.init 0 (i32.const 0) (i32.const 0) (i32.const 0))
    (table.fill (i32.const 0) (ref.null func) (i32.const 1))
    (elem.drop 0)
    (drop (table.grow (ref.null func) (i32.const 1)))
    (drop (memory.grow $wide (local.get 0)))))
