//! The peer without an ensemble, driven through its inputs and outputs.

mod behaviour;
mod pipeline;
mod world;
