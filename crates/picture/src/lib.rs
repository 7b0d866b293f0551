//! A pipeline as a picture: [`mermaid`] writes the text of a Mermaid flowchart.
//!
//! Deliberately absent: disk, drawing, and what happened in a run.

mod label;
mod mermaid;

pub use mermaid::mermaid;
