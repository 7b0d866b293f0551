"""Wind forecast: the hours to come, with how sure that is. It takes seconds, so it runs in the background."""

from control import create_app, held, inline, of_protocol
from forecast import Settings, forecast
from hourly import located, read_hours


def run_forecast(inputs, parameters, tell):
    hours = read_hours(located(of_protocol(inputs, "file")["uri"]))
    ramps = held(of_protocol(inputs, "inline"))
    settings = Settings(
        hours=int(parameters.get("hours", 24)),
        draws=int(parameters.get("draws", 12000)),
        seed=int(parameters.get("seed", 7)),
        ramp_megawatts=float(ramps["more_than_megawatts"]),
        ramp_hours=int(ramps["within_hours"]),
    )
    return inline(forecast(hours, settings, tell))


app = create_app("Wind forecast", at_once={}, in_background={"Forecast": run_forecast})
