(module
  (memory (export "memory") 1 2)
  ;; Reverses bytes in place.
  (func (export "reverse") (param $offset i32) (param $count i32)
    (local $last i32) (local $byte i32)
    (local.set $last (i32.sub (i32.add (local.get $offset) (local.get $count)) (i32.const 1)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $offset) (local.get $last)))
        (local.set $byte (i32.load8_u (local.get $offset)))
        (i32.store8 (local.get $offset) (i32.load8_u (local.get $last)))
        (i32.store8 (local.get $last) (local.get $byte))
        (local.set $offset (i32.add (local.get $offset) (i32.const 1)))
        (local.set $last (i32.sub (local.get $last) (i32.const 1)))
        (br $next)))))
