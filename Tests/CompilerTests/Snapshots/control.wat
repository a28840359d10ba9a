;; Structured control: results of blocks, unreachable code, code after constructs that nothing leaves, br_table.
(module
  (func $ifWithoutElse (param i32) (result i32)
    (if (local.get 0) (then (local.set 0 (i32.const 7))))
    (local.get 0))
  (func $breakWithValues (param i32) (result i32)
    (i32.sub
      (block $l (result i32 i32)
        (br_if $l (i32.const 1) (i32.const 2) (local.get 0))
        (drop) (drop)
        (i32.const 3) (local.get 0))))
  (func $unreachable (param i32) (result i32)
    (block (result i32)
      (if (local.get 0) (then (return (i32.const 1)) (drop (i32.const 5))))
      (unreachable)
      (i32.add (i32.const 1))))
  (func $dead (param i32) (result i32)
    (block $out
      (block (br $out))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (if (local.get 0) (then (br $out)) (else (loop (br 0)))))
    (local.get 0))
  (func $table (param i32) (result i64)
    (block $d
      (block $c
        (block $b
          (block $a (br_table $a $b $b $a $c $d (local.get 0)))
          (return (i64.const 10)))
        (return (i64.const 20)))
      (return (i64.const 30)))
    (i64.const 40))
  (func $conditionalReturn (param i32) (result i32)
    (drop (br_if 0 (i32.const 5) (local.get 0)))
    (i32.const 6))
  (func $multipleResults (param i32) (result i32 i64 f64)
    (call $callee (local.get 0)) (f64.const 0.5))
  (func $callee (param i32) (result i32 i64) (local.get 0) (i64.extend_i32_s (local.get 0))))
