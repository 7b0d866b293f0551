//! Bytes, handed on without a look: nothing that goes through a client is faster.

use futures_util::StreamExt as _;
use tokio_stream::StreamExt;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};

use crate::codec::RawCodec;
use crate::{Case, Outcome, Way, block_on};

pub(crate) const GIVE: &str = "/b.S/Give";
pub(crate) const TAKE: &str = "/b.S/Take";
pub(crate) const TAKE_ALL: &str = "/b.S/TakeAll";
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;

pub(crate) fn run(case: Case, source: u16, sink: u16) -> Outcome<()> {
    block_on(async move {
        let (mut source, mut sink) = (client(source).await?, client(sink).await?);
        source.ready().await?;
        let request = Request::new(bytes::Bytes::new());
        let given = source.server_streaming(request, GIVE.parse()?, RawCodec).await?.into_inner();
        match case.way {
            Way::Stream => {
                sink.ready().await?;
                let whole = StreamExt::map_while(given, Result::ok);
                sink.client_streaming(Request::new(whole), TAKE_ALL.parse()?, RawCodec).await?;
            }
            Way::Unary(at_once) => {
                let calls = futures_util::StreamExt::map(given, |message| {
                    let mut sink = sink.clone();
                    async move {
                        sink.ready().await?;
                        sink.unary(Request::new(message?), TAKE.parse()?, RawCodec).await?;
                        Ok(())
                    }
                });
                let mut calls = calls.buffered(at_once);
                while let Some(called) = futures_util::StreamExt::next(&mut calls).await {
                    let called: Outcome<()> = called;
                    called?;
                }
            }
        }
        Ok(())
    })
}

async fn client(port: u16) -> Outcome<Grpc<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?
        .tcp_nodelay(true)
        .initial_stream_window_size(4 * 1024 * 1024)
        .initial_connection_window_size(64 * 1024 * 1024);
    let channel = endpoint.connect().await?;
    Ok(Grpc::new(channel).max_decoding_message_size(LIMIT).max_encoding_message_size(LIMIT))
}
