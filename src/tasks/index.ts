/** lstmkit/tasks: from data to an answer. Built on the public model and nothing else. */
export {
  type BacktestOptions,
  type Forecaster,
  type ForecastFitOptions,
  type ForecastOptions,
  type ForecastProgress,
  forecaster,
  loadForecaster,
} from "./forecast/forecaster.ts";
export type {
  Backtest,
  BacktestStep,
  Baseline,
  BaselineName,
  Candidate,
  Coverage,
  Forecast,
  ForecastModel,
  ForecastReport,
  ForecastRow,
  Interval,
  PartReport,
  Scores,
  SeriesForecast,
  TestReport,
} from "./forecast/report.ts";
export type { Center, ForecasterOptions, Normalization } from "./forecast/settings.ts";
export { readTask, type TaskName, type TaskRecord } from "./task-file.ts";
