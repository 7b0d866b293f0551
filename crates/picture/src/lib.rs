//! A pipeline as a Mermaid diagram
