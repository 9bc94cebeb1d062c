//! What a client port may have to bear.

use super::{mutate, seeds};
use crate::client::put_frame;
use crate::oracle::rng::Rng;

/// Streams for one connection each. Most begin as something sensible.
pub fn streams(seed: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut rng = Rng::new(seed);
    let (frames, connect, requests) = (seeds::frames(), seeds::connect(), seeds::requests());
    std::iter::repeat_with(move || {
        let mut stream = Vec::new();
        match rng.below(4) {
            0 => stream = mutate::mutated(&mut rng, &frames),
            1 => put_frame(&mut stream, &mutate::mutated(&mut rng, &connect)),
            2 => stream.extend((0..rng.below(64)).map(|_| rng.next() as u8)),
            _ => {
                // A good handshake for a new session, then requests that are not good.
                put_frame(&mut stream, &connect[1]);
                for _ in 0..rng.below(20) {
                    put_frame(&mut stream, &mutate::mutated(&mut rng, &requests));
                }
            }
        }
        stream
    })
}
