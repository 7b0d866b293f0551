//! The stable codes of findings. Each has a page in `docs/diagnostics/`; numbers are never reused.

use std::fmt;
use std::str::FromStr;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// The kind of a finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The code as users see it, such as `AE0203`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text,)+
                }
            }

            /// What findings of this code are about, in a few words.
            pub fn title(self) -> &'static str {
                match self {
                    $(Code::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

codes! {
    /// Neither a use case nor a package
    NotAUseCaseOrPackage = "AE0001",
    /// A document that is needed is missing
    MissingDocument = "AE0002",
    /// A text file that is not UTF-8
    NotUtf8 = "AE0003",
    /// A document that does not parse
    Syntax = "AE0004",
    /// A value of the wrong type, or a key that is missing
    WrongType = "AE0005",
    /// A key that is not known
    UnknownKey = "AE0006",
    /// A file that cannot be read, or is larger than is taken
    Unreadable = "AE0007",
    /// A value outside what is allowed
    OutOfRange = "AE0008",
    /// Something that is said twice
    SaidTwice = "AE0009",

    /// A service that is not there
    UnknownService = "AE0101",
    /// An operation that its service does not have
    UnknownOperation = "AE0102",
    /// A start service that has incoming links
    StartServiceMismatch = "AE0103",
    /// A connection that leaves open which operation it comes from
    AmbiguousSource = "AE0104",
    /// A service without a proto that has operations
    ServiceWithoutProto = "AE0105",
    /// A service with operations in several protos
    OperationsInSeveralProtos = "AE0106",
    /// A Dockerfile that is missing
    MissingDockerfile = "AE0107",
    /// A service that the compose file does not have
    ServiceNotInCompose = "AE0108",
    /// An image name that Docker refuses
    BadImageName = "AE0109",
    /// A folder name that cannot become a node
    BadServiceName = "AE0110",
    /// An HTTP-controlled service whose operations are not named
    NoOperationNamed = "AE0111",

    /// A blueprint without nodes
    NoNodes = "AE0201",
    /// Two nodes of one name
    DuplicateNode = "AE0202",
    /// A link to a node or operation that is not there
    DanglingLink = "AE0203",
    /// A node without an address
    NodeWithoutAddress = "AE0204",
    /// A port that is none
    BadPort = "AE0205",
    /// A proto path that leaves the package
    UnsafeProtoPath = "AE0206",
    /// A node without a proto
    NodeWithoutProto = "AE0207",
    /// An archive entry or link that leaves the package
    UnsafeArchiveEntry = "AE0208",
    /// An archive that unpacks to more than is taken
    ArchiveTooLarge = "AE0209",
    /// An archive that cannot be read
    BadArchive = "AE0210",
    /// A node name that is none
    BadNodeName = "AE0211",
    /// A name that differs from several others by case alone
    AmbiguousCase = "AE0212",

    /// A proto that does not compile
    BadProto = "AE0301",
    /// An import that is not there
    MissingImport = "AE0302",
    /// A proto of an edition
    EditionNotSupported = "AE0303",
    /// An operation that the proto does not have
    OperationNotInProto = "AE0304",
    /// One operation in two services of a proto
    OperationInTwoServices = "AE0305",
    /// A proto that is nested too deeply or too large
    ProtoTooDeep = "AE0306",
    /// Stream flags that disagree with the proto
    StreamFlagsDisagree = "AE0307",

    /// Two fields whose types do not fit
    FieldsDoNotFit = "AE0401",
    /// A request field that nothing fills
    UnfilledField = "AE0402",
    /// A request field offered by several links
    FieldOfferedTwice = "AE0403",
    /// A link that fills nothing
    LinkFillsNothing = "AE0404",
    /// Two providers into one oneof
    OneofFilledTwice = "AE0405",
    /// A required field that nothing fills
    UnfilledRequired = "AE0406",
    /// A value for a field that the request does not have
    UnknownField = "AE0407",
    /// A value of another type than its field
    ValueDoesNotFit = "AE0408",
    /// A field mapping that names no field
    BadFieldMapping = "AE0409",
    /// A cycle of operations
    Cycle = "AE0410",
    /// An operation that is not called
    UnusedOperation = "AE0411",
    /// A condition that cannot be checked
    BadExpectation = "AE0412",
    /// A success field that the response does not have
    BadSuccessField = "AE0413",
    /// Settings for a step that is not there
    UnknownStep = "AE0414",
    /// Initial data that cannot be used
    BadInitialData = "AE0415",
    /// A live pipeline that nothing starts
    NothingStarts = "AE0416",
    /// A setting that does nothing in this mode
    IdleSetting = "AE0417",

    /// A setting that this version does not act on yet
    SettingNotYet = "AE0503",
    /// A transport that this version does not have yet
    TransportNotYet = "AE0504",

    /// A Dockerfile instruction that is not played locally
    InstructionNotPlayed = "AE0601",
    /// A service that cannot be started locally
    NoWayToStart = "AE0602",
    /// A file that a Dockerfile copies is missing
    CopySourceMissing = "AE0603",
    /// A Dockerfile that does not parse
    BadDockerfile = "AE0604",

    /// A service that no image can be made of
    NoImageToBuild = "AE0701",
    /// A node without an image to be started from
    NoImageToStart = "AE0702",
    /// Two hosts of a stack that differ by case alone
    HostsAlike = "AE0703",
    /// A node that the orchestrator's container cannot reach
    LoopbackInStack = "AE0704",
    /// A container that is to serve several ports
    SeveralPorts = "AE0705",
    /// A stack with nothing to start
    NothingToStart = "AE0706",

    /// A package that the designer cannot take
    DesignerPackage = "AE0801",
    /// An import that the designer cannot take
    DesignerImport = "AE0802",
    /// An enum that the designer cannot take
    DesignerEnum = "AE0803",
    /// A second service that the designer cannot take
    DesignerSecondService = "AE0804",
    /// Braces after an rpc that the designer cannot take
    DesignerRpcBody = "AE0805",
    /// A brace where the designer does not look for it
    DesignerBrace = "AE0806",
    /// A syntax line that the designer cannot take
    DesignerSyntax = "AE0807",
    /// A link whose two messages have different names
    DesignerMessageNames = "AE0808",
}

impl Code {
    /// Whether findings of this code say that something is nowhere. As long as parts of the whole cannot be
    /// read, that is a guess: it may be in those.
    pub fn is_absence(self) -> bool {
        matches!(
            self,
            Self::UnfilledField
                | Self::UnfilledRequired
                | Self::UnusedOperation
                | Self::UnknownStep
                | Self::BadInitialData
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a code; codes look like `AE0203`")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    /// Takes `AE0203`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let found = Self::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| UnknownCode(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_ascending() {
        let texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let mut sorted = texts.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(texts, sorted);
    }

    #[test]
    fn a_code_is_read_back_in_any_case() {
        assert_eq!("ae0203".parse(), Ok(Code::DanglingLink));
        assert!("AE9999".parse::<Code>().is_err());
    }
}
