;; What the snapshots beside this file are made of: an import, calls, a loop, a branch table, memory, a vector, floats,
;; custom sections.
(module $sample
  (import "ic0" "msg_reply" (func $msg_reply))
  (memory (export "memory") 1 16)
  (table $handlers 2 funcref)
  (elem (i32.const 0) func $fib $choose)
  (global $count (mut i64) (i64.const 0))
  (data (i32.const 16) "canned")

  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
      (then (local.get $n))
      (else
        (i32.add
          (call $fib (i32.sub (local.get $n) (i32.const 1)))
          (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  (func $choose (export "canister_query choose") (param i32) (result i32)
    (block $a
      (block $b
        (br_table $a $b $a (local.get 0)))
      (return (i32.const 10)))
    (i32.const 20))

  (func $sum (export "sum") (param $address i32) (param $count i32) (result i32)
    (local $total i32)
    (loop $next
      (local.set $total (i32.add (local.get $total) (i32.load8_u offset=16 (local.get $address))))
      (local.set $address (i32.add (local.get $address) (i32.const 1)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $total))

  (func $scale (export "scale") (param v128 f32) (result v128)
    (f32x4.mul (local.get 0) (f32x4.splat (local.get 1))))

  (func $average (export "average") (param f64 f64) (result f64)
    (f64.div (f64.add (local.get 0) (local.get 1)) (f64.const 2)))

  (func $reply (export "reply")
    (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (call $msg_reply)
    (drop (call_indirect $handlers (param i32) (result i32) (i32.const 7) (i32.const 1)))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 8)))

  (@custom "icp:public candid:service" "service : {}")
  (@custom "icp:private notes" "none")
  (@custom "producers" "x"))
