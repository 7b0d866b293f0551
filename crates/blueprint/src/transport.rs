//! How a node is called: over gRPC, as its proto says, or by the control interface over HTTP, which needs none.

use crate::{At, Code, Diagnostic, Findings, ProtoRoot, Reader};

/// How a node is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeTransport {
    /// Over gRPC; its protos begin there.
    Grpc(ProtoRoot),
    /// By `POST /control/execute`; every operation takes data references and gives one.
    HttpControl,
}

impl NodeTransport {
    /// Which one.
    pub fn kind(&self) -> TransportKind {
        match self {
            Self::Grpc(_) => TransportKind::Grpc,
            Self::HttpControl => TransportKind::HttpControl,
        }
    }

    /// Where its protos begin, if it has some.
    pub fn proto(&self) -> Option<&ProtoRoot> {
        match self {
            Self::Grpc(root) => Some(root),
            Self::HttpControl => None,
        }
    }
}

/// The transports that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// gRPC.
    Grpc,
    /// The control interface over HTTP.
    HttpControl,
}

impl TransportKind {
    /// Its word in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::HttpControl => "http-control",
        }
    }

    /// What an entry of `nodes` says; a finding when that is no transport, or none that is there yet.
    pub(crate) fn read(name: &str, entry: &Reader<'_>, findings: &mut Findings) -> Option<At<Said>> {
        entry.object(findings)?;
        entry.known_keys(&["transport"], findings, Diagnostic::error);
        let written = entry.text_of("transport", findings)?;
        let value = match written.value.as_str() {
            "grpc" => Said::Transport(Self::Grpc),
            "http-control" => Said::Transport(Self::HttpControl),
            "container" => {
                findings.push(
                    Diagnostic::error(
                        Code::TransportNotYet,
                        format!("the transport `container` of `{name}` is not yet there"),
                    )
                    .at(written.place.label())
                    .help("nodes are called over `grpc` and `http-control`"),
                );
                Said::Refused
            }
            other => {
                findings.push(
                    Diagnostic::error(Code::OutOfRange, format!("`{other}` is no transport"))
                        .at(written.place.label())
                        .help("transports are `grpc`, `http-control` and `container`"),
                );
                Said::Refused
            }
        };
        Some(At { value, place: entry.place() })
    }
}

/// What a document says of a node's transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// This one.
    Transport(TransportKind),
    /// Something that a finding is about.
    Refused,
}
