;; Loops: parameters of headers only for locals that the loop assigns, nested loops, multi-value loop parameters.
(module
  (memory 1)
  (func $sum (param $n i32) (result i32) (local $i i32) (local $sum i32) (local $unused i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.shl (local.get $i) (i32.const 2)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
  (func $nested (param $n i32) (param $k i64) (result i64) (local $i i32) (local $j i32) (local $x i64)
    (block $out
      (loop $outer
        (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $j (i32.const 0))
        (loop $inner
          (local.set $x (i64.add (local.get $x) (local.get $k)))
          (local.set $j (i32.add (local.get $j) (i32.const 1)))
          (br_if $inner (i32.lt_u (local.get $j) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $outer)))
    (local.get $x))
  (func $parameters (param $n i32) (result i32)
    (local.get $n) (i32.const 1)
    (loop $next (param i32 i32) (result i32)
      (local.set $n (i32.mul))
      (local.get $n) (i32.const 3)
      (br_if $next (i32.lt_s (local.get $n) (i32.const 1000)))
      (i32.add)))
  (func $notALoop (param $n i32) (result i32)
    (loop (result i32) (i32.add (local.get $n) (i32.const 1)))))
