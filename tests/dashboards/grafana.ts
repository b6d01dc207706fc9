// SPDX-License-Identifier: MIT
// A board as Grafana's own types have it, put together for the kinds of panels that there are here; scripts/lib.sh has it turned into
// a JSON schema, in which nothing that these types lack is allowed.
import type { AnnotationQuery, Dashboard, DashboardLink, FieldConfig, FieldConfigSource, Panel, RowPanel, VariableModel } from "@grafana/schema/dist/types/raw/dashboard/x/dashboard_types.gen";
import type { Options as BarGauge } from "@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type { FieldConfig as HeatmapField, Options as Heatmap } from "@grafana/schema/dist/types/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type { FieldConfig as PieChartField, Options as PieChart } from "@grafana/schema/dist/types/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen";
import type { Options as Stat } from "@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type { FieldConfig as TableField, Options as Table } from "@grafana/schema/dist/types/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type { FieldConfig as TimeSeriesField, Options as TimeSeries } from "@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type None = Record<string, never>;
// Links of panels may leave out what has a default: Grafana's own exports do.
type PanelLink = Pick<DashboardLink, "title" | "url"> & Partial<DashboardLink>;

// `options` and `fieldConfig.defaults.custom` of a Panel are whatever its kind says.
type Of<Kind extends string, Options, Custom> = Omit<Panel, "type" | "options" | "fieldConfig" | "links"> & {
  type: Kind;
  options: Partial<Options>;
  links?: PanelLink[];
  fieldConfig: Omit<FieldConfigSource, "defaults"> & {
    defaults: Omit<FieldConfig, "custom" | "links"> & { custom?: Partial<Custom>; links?: PanelLink[] };
  };
};

type Drawn =
  | Of<"bargauge", BarGauge, None>
  | Of<"heatmap", Heatmap, HeatmapField>
  | Of<"piechart", PieChart, PieChartField>
  | Of<"stat", Stat, None>
  | Of<"table", Table, TableField>
  | Of<"timeseries", TimeSeries, TimeSeriesField>;

// What the data source of kind prometheus adds, which has no types in this package.
type Variable = Omit<VariableModel, "current"> & { current: None | VariableModel["current"]; definition?: string };
type Annotation = AnnotationQuery & {
  expr?: string; step?: string; titleFormat?: string; textFormat?: string; tagKeys?: string; useValueForTime?: "on";
};

export type Board = Omit<Dashboard, "annotations" | "panels" | "templating"> & {
  annotations: { list: Annotation[] };
  panels: (Drawn | (Omit<RowPanel, "panels"> & { panels: Drawn[] }))[];
  templating: { list: Variable[] };
};
