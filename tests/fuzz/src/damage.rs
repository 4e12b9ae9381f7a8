//! Damage done to a good input: what a broken, careless or hostile sender does to it.

use crate::dice::Dice;

/// No input is longer, as no door lets more in.
pub const MAX_BYTES: usize = 64 * 1024;

/// Bits of syntax, limits and tricks of every format that is read here.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"'",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"null",
    b"true",
    b"-",
    b"1e9",
    b"1e999",
    b"0x10",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"170141183460469231731687303715884105728",
    b"92233720368547758.07",
    b"92233720368547758.08",
    b"0.000000000000000001",
    b"-0",
    b"00",
    b"NaN",
    b"inf",
    b"<",
    b">",
    b"/>",
    b"</",
    b"<!DOCTYPE r [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]>",
    b"&a;",
    b"&amp;",
    b"&#0;",
    b"&#x110000;",
    b"&#xD800;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?xml version=\"1.0\" encoding=\"GBK\"?>",
    b"<?php ?>",
    b"&",
    b"=",
    b"%",
    b"%00",
    b"%zz",
    b"%ff",
    b"+",
    b";",
    b"\r\n",
    b"\n",
    b"\n\n",
    b"\t",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x81",
    b"\xfe\x50",
    b"\x81\x30\x81\x30",
    b"\xb3\xe4",
    b"\xe5\x85\x85",
    b"\xe5\x85",
    b"\xf0\x9f\x92\xb0",
    b"\xe2\x80\xae",
    b"\xc0\x80",
    b"[[",
    b"]]",
    b"\"\"\"",
    b"'''",
    b"#",
    b"{{ secret.key }}",
    b"{{",
    b"}}",
    b"{% for i in range(100000) %}",
    b"1979-05-27T07:32:00Z",
    b" = ",
    b"..",
    b"../../",
    b"*",
    b"?",
    b"TRUE",
    b"1,000",
];

/// An opening and a closing piece, to be nested.
const NESTS: &[(&[u8], &[u8])] = &[
    (b"[", b"]"),
    (b"{\"a\":", b"}"),
    (b"<a>", b"</a>"),
    (b"{a=", b"}"),
    (b"(", b")"),
    (b"a.", b""),
    (b"!", b""),
];

/// A damaged copy of one of `seeds`: one wound mostly, sometimes a dozen; and one time in sixteen the
/// seed as it is, which shows that the way in is open.
#[must_use]
pub fn damaged(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    let wounds = match dice.below(16) {
        0 => 0,
        1..=9 => 1,
        10..=13 => 2 + dice.below(3),
        _ => 5 + dice.below(8),
    };
    for _ in 0..wounds {
        wound(&mut bytes, seeds, dice);
        bytes.truncate(MAX_BYTES);
    }
    bytes
}

fn wound(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    match dice.below(14) {
        0 => flip(bytes, at, 1 << dice.below(8)),
        1 => flip(bytes, at, dice.byte()),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(..at)),
        4 => drop(bytes.drain(span(bytes, at, dice))),
        5 => {
            let copied = bytes[span(bytes, at, dice)].to_vec();
            insert(bytes, at, &copied.repeat(1 + dice.below(3)));
        }
        6 => {
            // The head of this one and the tail of another.
            let other = &seeds[dice.below(seeds.len())];
            bytes.truncate(at);
            bytes.extend_from_slice(&other[dice.below(other.len() + 1)..]);
        }
        7 | 8 => insert(bytes, at, dice.pick(PIECES)),
        9 => {
            let gone = span(bytes, at, dice);
            bytes.splice(gone, dice.pick(PIECES).iter().copied());
        }
        10 => {
            let (open, close) = NESTS[dice.below(NESTS.len())];
            let depth = 1 << dice.below(15);
            insert(bytes, at, &[open.repeat(depth), close.repeat(depth)].concat());
        }
        11 => line_again(bytes, at, dice),
        12 => number_at_a_limit(bytes, dice),
        _ => {
            let length = 1 << dice.below(13);
            let noise: Vec<u8> = (0..length).map(|_| dice.byte()).collect();
            insert(bytes, at, &noise);
        }
    }
}

fn flip(bytes: &mut [u8], at: usize, mask: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= mask;
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

/// Up to 40 bytes from `at`.
fn span(bytes: &[u8], at: usize, dice: &mut Dice) -> std::ops::Range<usize> {
    at..(at + 1 + dice.below(40)).min(bytes.len()).max(at)
}

/// Repeats what stands between two separators: a key twice, a parameter twice, a row twice.
fn line_again(bytes: &mut Vec<u8>, at: usize, dice: &mut Dice) {
    let separator = *dice.pick(&[b"\n", b",", b"&", b">", b";"]);
    let is_end = |byte: &u8| *byte == separator[0];
    let from = bytes[..at].iter().rposition(is_end).map_or(0, |found| found + 1);
    let to = bytes[at..].iter().position(is_end).map_or(bytes.len(), |found| at + found + 1);
    let copied = bytes[from..to].to_vec();
    let mut again = copied.repeat(1 << dice.below(7));
    if copied.last() != Some(&separator[0]) {
        again.splice(0..0, separator.iter().copied());
    }
    insert(bytes, to, &again);
}

/// Puts a number that is at some limit in the place of a number.
fn number_at_a_limit(bytes: &mut Vec<u8>, dice: &mut Dice) {
    const LIMITS: &[&[u8]] = &[
        b"0",
        b"-1",
        b"255",
        b"256",
        b"65536",
        b"2147483648",
        b"4294967296",
        b"9223372036854775807",
        b"9223372036854775808",
        b"0.005",
        b"1e400",
        b"99999999999999999999999999999999999999999999",
    ];
    let digits: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
    if digits.is_empty() {
        return;
    }
    let from = digits[dice.below(digits.len())];
    let length = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.splice(from..from + length, dice.pick(LIMITS).iter().copied());
}
