//! Inputs that are almost in order.

use crate::oracle::rng::Rng;

/// Numbers at the edges of what lengths, counts and versions can be.
const EDGES: &[i32] = &[
    -1,
    0,
    1,
    -2,
    0x7fff_ffff,
    i32::MIN,
    0xf_ffff,
    0x10_0000,
    0x20_0000,
    4,
    15,
    100,
    255,
    256,
    65_535,
];

const STEPS_MAX: usize = 6;
const RANDOM_BYTES_MAX: usize = 400;

/// An input made from the seeds: one changed in a few places, two joined, or noise.
pub fn mutated(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    if seeds.is_empty() || rng.chance(30) {
        return (0..rng.below(RANDOM_BYTES_MAX)).map(|_| rng.next() as u8).collect();
    }
    let mut input = seeds[rng.below(seeds.len())].clone();
    for _ in 0..rng.below(STEPS_MAX) {
        step(rng, &mut input, seeds);
    }
    input
}

fn step(rng: &mut Rng, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = rng.below(input.len());
    let end = at + rng.below(input.len() - at);
    match rng.below(9) {
        0 if at < input.len() => input[at] ^= 1 << rng.below(8),
        1 if at < input.len() => input[at] = rng.next() as u8,
        2 => input.truncate(at),
        3 => drop(input.drain(at..end)),
        4 => {
            let copy = input[at..end].to_vec();
            input.splice(at..at, copy);
        }
        5 => {
            let noise: Vec<u8> = (0..rng.below(9)).map(|_| rng.next() as u8).collect();
            input.splice(at..at, noise);
        }
        6 | 7 => {
            let bytes = rng.number(EDGES).to_be_bytes();
            let end = input.len().min(at + bytes.len());
            input.splice(at..end, bytes);
        }
        _ => {
            let other = &seeds[rng.below(seeds.len())];
            let tail = &other[rng.below(other.len())..];
            input.truncate(at);
            input.extend_from_slice(tail);
        }
    }
}
