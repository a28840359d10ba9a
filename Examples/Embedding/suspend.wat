(module
  (import "host" "ask" (func $ask (param i32) (result i32)))
  ;; A loop that takes a while.
  (func (export "count") (param $n i32) (result i32)
    (local $turns i32)
    (loop $next
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $turns) (local.get $n))))
    (local.get $turns))
  ;; Asks the host and goes on with its answer.
  (func (export "product") (result i32) (i32.mul (i32.const 6) (call $ask (i32.const 6)))))
