//! The bytes between servers: what Java 3.9.5 writes, and what nobody should send.

mod garbage;
mod golden;
