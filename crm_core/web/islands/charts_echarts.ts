/** ECharts with the parts that reports use, and no more: bars, lines, funnels, pies, heat maps; drawn as SVG. */
import { BarChart, FunnelChart, HeatmapChart, LineChart, PieChart } from "echarts/charts";
import {
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, FunnelChart, PieChart, HeatmapChart]);
echarts.use([GridComponent, DatasetComponent, LegendComponent, TooltipComponent, VisualMapComponent]);
echarts.use([MarkLineComponent, AriaComponent, SVGRenderer]);

export { echarts };
