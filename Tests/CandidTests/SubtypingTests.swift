// Which types may stand for which.

import Candid
import Testing

@Suite struct SubtypingTests {
  /// Types of arguments: those on the left are subtypes of those on the right, and not the other way round.
  private static let proper: [(lower: String, upper: String)] = [
    ("(nat)", "(int)"), ("(empty)", "(nat)"), ("(nat)", "(reserved)"), ("(service {})", "(principal)"),
    ("(vec nat)", "(vec int)"), ("(record { a : nat; b : text })", "(record { a : int })"),
    ("(variant { a })", "(variant { a; b })"), ("(nat, text)", "(nat)"),
    ("(func (int) -> (nat))", "(func (nat) -> (int))"), ("(func () -> (nat, text))", "(func () -> (nat))"),
    ("(func () -> ())", "(func (nat) -> ())"),
    ("(service { a : () -> (); b : () -> () })", "(service { a : () -> () })"),
    ("(empty)", "type t = record { t }; (t)"), ("type t = vec t; (t)", "(vec vec reserved)"),
    ("type t = service { m : () -> (t) }; (t)", "(service { m : () -> (principal) })"),
    ("(record {}, record { a : nat })", "(record {}, record {}, opt text)"),
  ]

  /// Types that are subtypes of each other: everything is one of an option.
  private static let mutual: [(one: String, other: String)] = [
    ("(opt nat)", "(opt text)"), ("(record {})", "(record { a : opt nat; b : null; c : reserved })"),
    ("()", "(opt nat)"),
    ("type t = opt t; (t)", "(opt opt nat)"), ("(reserved)", "(reserved)"),
    ("type a = record { opt b }; type b = record { opt a }; (a)", "type c = record { opt c }; (c)"),
    ("type a = vec b; type b = vec a; (a)", "type c = vec c; (c)"),
    ("type a = func (a) -> (a); (a)", "type b = func (a) -> (b); type a = func (b) -> (a); (b)"),
    ("(func () -> ())", "(func (opt nat) -> (null))"),
  ]

  private static let unrelated: [(one: String, other: String)] = [
    ("(nat)", "(nat8)"), ("(int8)", "(int)"), ("(float32)", "(float64)"), ("(text)", "(blob)"), ("(null)", "(bool)"),
    ("(vec nat)", "(vec text)"), ("(record { a : nat })", "(record { a : text })"),
    ("(record { a : nat })", "(record { b : nat })"), ("(variant { a : nat })", "(variant { a : text })"),
    ("(func () -> () query)", "(func () -> ())"), ("(func () -> () oneway)", "(func () -> ())"),
    ("(func (nat) -> (nat))", "(func (int) -> (int))"), ("(func () -> ())", "(service {})"),
    ("(service { a : () -> () })", "(service { b : () -> () })"), ("(record {})", "(variant {})"),
    ("type a = vec a; (a)", "type b = record { b }; (b)"),
  ]

  private static func isSubtype(_ lower: String, _ upper: String) throws -> Bool {
    try CandidTypes(parsing: lower).isSubtype(of: CandidTypes(parsing: upper))
  }

  @Test func relations() throws {
    for (lower, upper) in Self.proper {
      #expect(try Self.isSubtype(lower, upper), "\(lower) <: \(upper)")
      #expect(try !Self.isSubtype(upper, lower), "\(upper) <: \(lower)")
    }
    for (one, other) in Self.mutual {
      #expect(try Self.isSubtype(one, other), "\(one) <: \(other)")
      #expect(try Self.isSubtype(other, one), "\(other) <: \(one)")
    }
    for (one, other) in Self.unrelated {
      #expect(try !Self.isSubtype(one, other), "\(one) <: \(other)")
      #expect(try !Self.isSubtype(other, one), "\(other) <: \(one)")
    }
  }

  @Test func upgrades() throws {
    let old = try CandidInterface(
      parsing: "service : { get : () -> (record { a : nat }) query; set : (record { a : nat }) -> () }")
    let new = try CandidInterface(
      parsing: """
        type r = record { a : nat; b : opt text };
        service : (nat) -> { get : () -> (r) query; set : (r) -> (); more : () -> () }
        """)
    let broken = try CandidInterface(parsing: "service : { get : () -> (record { a : text }) query }")
    #expect(new.canReplace(old) && old.canReplace(old))
    #expect(!old.canReplace(new) && !broken.canReplace(old) && !old.canReplace(broken))
    #expect(try old.canReplace(CandidInterface(parsing: "")))
    #expect(try !CandidInterface(parsing: "").canReplace(old))
  }
}
