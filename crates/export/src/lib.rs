//! From a use case and its protos to the platform's package
