//! The configuration from outside: files, flags and arguments in, checked values, notes
//! and errors out.

mod common;
mod ensembles;
mod every_key;
mod never_panics;
mod preflight;
mod refused;
mod told;
mod values;
