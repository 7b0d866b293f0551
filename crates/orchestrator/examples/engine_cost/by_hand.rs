//! As one would write it with generated messages.

use prost::Message;
use tokio_stream::StreamExt;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use crate::messages::{Given, Nothing, Taken};
use crate::raw::{GIVE, LIMIT, TAKE, TAKE_ALL};
use crate::{Case, Likeness, Outcome, Way, block_on};

pub(crate) fn run(case: Case, source: u16, sink: u16) -> Outcome<()> {
    match case.likeness {
        Likeness::Same => block_on(forward::<Given>(case, source, sink)),
        Likeness::Renumbered => block_on(forward::<Taken>(case, source, sink)),
    }
}

async fn forward<T>(case: Case, source: u16, sink: u16) -> Outcome<()>
where
    T: Message + Default + From<Given> + 'static,
{
    let (mut source, mut sink) = (client(source).await?, client(sink).await?);
    source.ready().await?;
    let codec = ProstCodec::<Nothing, Given>::default();
    let given = source.server_streaming(Request::new(Nothing {}), GIVE.parse()?, codec).await?.into_inner();
    let taken = given.map(|message| message.map(T::from));
    match case.way {
        Way::Stream => {
            sink.ready().await?;
            let codec = ProstCodec::<T, Nothing>::default();
            let whole = taken.map_while(Result::ok);
            sink.client_streaming(Request::new(whole), TAKE_ALL.parse()?, codec).await?;
        }
        Way::Unary(at_once) => {
            let calls = futures_util::StreamExt::map(taken, |message| {
                let mut sink = sink.clone();
                async move {
                    sink.ready().await?;
                    let codec = ProstCodec::<T, Nothing>::default();
                    sink.unary(Request::new(message?), TAKE.parse()?, codec).await?;
                    Ok(())
                }
            });
            let mut calls = futures_util::StreamExt::buffered(calls, at_once);
            while let Some(called) = calls.next().await {
                let called: Outcome<()> = called;
                called?;
            }
        }
    }
    Ok(())
}

async fn client(port: u16) -> Outcome<Grpc<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))?
        .tcp_nodelay(true)
        .initial_stream_window_size(4 * 1024 * 1024)
        .initial_connection_window_size(64 * 1024 * 1024);
    let channel = endpoint.connect().await?;
    Ok(Grpc::new(channel).max_decoding_message_size(LIMIT).max_encoding_message_size(LIMIT))
}
