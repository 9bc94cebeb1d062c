//! Elections of servers that talk to each other at once, and single elections fed by hand.

mod cluster;
mod ensembles;
mod one_server;
