"""Forecast wind: fits two simple forecasts on one period and scores them on a later one."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import forecast_wind_pb2
import forecast_wind_pb2_grpc
import wind_pb2
from scores import Hours, Periods, fit, scores
from serving import serve


class ForecastWind(forecast_wind_pb2_grpc.ForecastWindServiceServicer):
    def ForecastWind(self, requests, context) -> forecast_wind_pb2.ForecastWindResponse:
        try:
            hours, periods = collect(requests)
            climatology, fitted = fit(hours, periods)
            results = scores(hours, climatology, periods)
        except ValueError as error:
            return forecast_wind_pb2.ForecastWindResponse(success=False, message=str(error))
        return forecast_wind_pb2.ForecastWindResponse(
            success=True,
            message=f"fitted on {fitted} hours, scored on {results[0].hours}",
            hours_fitted=fitted,
            scores=[wind_pb2.Score(**score._asdict()) for score in results],
        )


def collect(requests: Iterable[forecast_wind_pb2.ForecastWindRequest]) -> tuple[Hours, Periods]:
    """The hourly means of the stream, and the periods that its first message asks for."""
    periods, hours = None, {}
    for request in requests:
        periods = periods or Periods.parse(
            request.fit_from, request.score_from, request.score_until, request.horizon_hours
        )
        midnight = datetime.fromisoformat(request.day.date)
        for hour in request.day.hours:
            hours[midnight + timedelta(hours=hour.hour)] = hour.mean_megawatts
    if periods is None:
        raise ValueError("no day to forecast from")
    return hours, periods


if __name__ == "__main__":
    serve(
        "forecast_wind",
        lambda server: forecast_wind_pb2_grpc.add_ForecastWindServiceServicer_to_server(
            ForecastWind(), server
        ),
    )
