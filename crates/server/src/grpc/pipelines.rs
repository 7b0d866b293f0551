//! Packages: `Pipelines`.

use aieffect_api::v1;
use aieffect_api::v1::put_pipeline_request::Package;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use tonic::{Request, Response, Status};

use super::status::{self, Problem};
use super::{Face, messages, page, pieces};
use crate::keys::Scope;
use crate::packages::{self, Refusal};

#[tonic::async_trait]
impl v1::pipelines_server::Pipelines for Face {
    async fn put(
        &self,
        request: Request<v1::PutPipelineRequest>,
    ) -> Result<Response<v1::PutPipelineResponse>, Status> {
        self.admit(&request, Scope::Run)?;
        let taken = match request.into_inner().package {
            Some(Package::Zip(zip)) => self.runs.with_packages(move |packages| packages.put_zip(&zip)).await,
            Some(Package::Documents(documents)) => {
                let files = files(documents)?;
                self.runs.with_packages(move |packages| packages.put_files(&files)).await
            }
            None => return Err(Problem::bad("there is no package: set `zip` or `documents`").into()),
        };
        let (package, found) = taken.map_err(Problem::from)?;
        Ok(Response::new(v1::PutPipelineResponse {
            pipeline: Some(messages::pipeline(package)),
            findings: found.iter().map(status::finding).collect(),
        }))
    }

    async fn get(&self, request: Request<v1::GetPipelineRequest>) -> Result<Response<v1::Pipeline>, Status> {
        self.admit(&request, Scope::Read)?;
        let digest = request.into_inner().digest;
        let found = self.runs.with_packages(move |packages| match packages.get(&digest)? {
            Some(package) => Ok(package),
            None => Err(unknown(&digest)),
        });
        Ok(Response::new(messages::pipeline(found.await.map_err(Problem::from)?)))
    }

    async fn list(
        &self,
        request: Request<v1::ListPipelinesRequest>,
    ) -> Result<Response<v1::ListPipelinesResponse>, Status> {
        self.admit(&request, Scope::Read)?;
        let v1::ListPipelinesRequest { page_size, page_token } = request.into_inner();
        let listed = self.runs.list_packages(page(page_size, page_token)).await;
        let (packages, next) = listed.map_err(Problem::from)?;
        Ok(Response::new(v1::ListPipelinesResponse {
            pipelines: packages.into_iter().map(messages::pipeline).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    type DownloadStream = BoxStream<'static, Result<v1::DownloadPipelineResponse, Status>>;

    async fn download(
        &self,
        request: Request<v1::DownloadPipelineRequest>,
    ) -> Result<Response<Self::DownloadStream>, Status> {
        self.admit(&request, Scope::Read)?;
        let digest = request.into_inner().digest;
        let zip = self.runs.with_packages(move |packages| match packages.zip(&digest)? {
            Some(zip) => Ok(zip),
            None => Err(unknown(&digest)),
        });
        let zip = Bytes::from(zip.await.map_err(Problem::from)?);
        Ok(Response::new(pieces(zip, |data| v1::DownloadPipelineResponse { data })))
    }

    async fn delete(
        &self,
        request: Request<v1::DeletePipelineRequest>,
    ) -> Result<Response<v1::DeletePipelineResponse>, Status> {
        self.admit(&request, Scope::Admin)?;
        self.runs.remove_package(&request.into_inner().digest).await.map_err(Problem::from)?;
        Ok(Response::new(v1::DeletePipelineResponse {}))
    }
}

fn unknown(digest: &str) -> Refusal {
    Refusal::Unknown { digest: digest.chars().take(80).collect() }
}

fn files(documents: v1::PackageDocuments) -> Result<aieffect_blueprint::PackageFiles, Problem> {
    let v1::PackageDocuments { blueprint, dockerinfo, execution, protos } = documents;
    let named =
        [("blueprint.json", blueprint), ("dockerinfo.json", dockerinfo), ("execution.json", execution)];
    // What is missing but needed is a finding.
    let named = named.into_iter().filter(|(_, text)| !text.is_empty());
    packages::files(named, protos).map_err(|error| Problem::bad(&error.to_string()))
}
