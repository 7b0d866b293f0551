//! From .proto texts to operations, call shapes, and whether linked messages fit
