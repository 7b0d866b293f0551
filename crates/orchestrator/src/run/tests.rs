//! The run core, driven by hand.

mod driver;
mod ends;
mod order;
mod random;
mod zip;
