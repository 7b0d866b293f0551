//! Proto texts, compiled, so that messages can be written as JSON.

use bytes::Bytes;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions};
use serde_json::Value;

/// Compiled protos.
#[derive(Debug, Clone, Default)]
pub struct Protos {
    pool: DescriptorPool,
}

impl Protos {
    /// Compiles files given as name and text.
    ///
    /// # Panics
    /// When they do not compile.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let mut chain = protox::file::ChainFileResolver::new();
        chain.add(Texts(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()));
        chain.add(protox::file::GoogleFileResolver::new());
        let mut compiler = protox::Compiler::with_file_resolver(chain);
        for (name, _) in files {
            if let Err(error) = compiler.open_file(name) {
                panic!("{name} does not compile: {error}");
            }
        }
        Self { pool: compiler.descriptor_pool() }
    }

    /// The method of a path such as `/package.Service/Method`.
    pub fn method(&self, path: &str) -> Option<MethodDescriptor> {
        let (service, method) = path.strip_prefix('/')?.split_once('/')?;
        let service = self.pool.get_service_by_name(service)?;
        service.methods().find(|candidate| candidate.name() == method)
    }

    /// The paths of all methods.
    pub fn paths(&self) -> Vec<String> {
        let path =
            |method: MethodDescriptor| format!("/{}/{}", method.parent_service().full_name(), method.name());
        self.pool.services().flat_map(|service| service.methods().map(path).collect::<Vec<_>>()).collect()
    }

    /// The message of a full name.
    ///
    /// # Panics
    /// When there is none.
    pub fn message(&self, name: &str) -> MessageDescriptor {
        self.pool.get_message_by_name(name).unwrap_or_else(|| panic!("no message `{name}`"))
    }

    /// A message written as JSON, encoded.
    ///
    /// # Panics
    /// When the JSON is no such message.
    pub fn encode(&self, name: &str, json: &Value) -> Bytes {
        encode(self.message(name), json)
    }

    /// An encoded message as JSON, with proto field names and default values.
    ///
    /// # Panics
    /// When the bytes are no such message.
    pub fn decode(&self, name: &str, bytes: &[u8]) -> Value {
        decode(self.message(name), bytes)
    }
}

pub(crate) fn encode(message: MessageDescriptor, json: &Value) -> Bytes {
    let name = message.full_name().to_owned();
    match DynamicMessage::deserialize(message, json.clone()) {
        Ok(message) => message.encode_to_vec().into(),
        Err(error) => panic!("{json} is no `{name}`: {error}"),
    }
}

pub(crate) fn decode(message: MessageDescriptor, bytes: &[u8]) -> Value {
    let name = message.full_name().to_owned();
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(false);
    let read = DynamicMessage::decode(message, bytes).map_err(|error| error.to_string());
    let json = read.and_then(|message| {
        message
            .serialize_with_options(serde_json::value::Serializer, &options)
            .map_err(|error| error.to_string())
    });
    json.unwrap_or_else(|error| panic!("the bytes are no `{name}`: {error}"))
}

#[derive(Debug)]
struct Texts(Vec<(String, String)>);

impl protox::file::FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        match self.0.iter().find(|(candidate, _)| candidate == name) {
            Some((name, text)) => protox::file::File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}
