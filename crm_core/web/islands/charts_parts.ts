/** The parts of ECharts that reports use, and no more: bars and heat maps with their axes, drawn as SVG. */
import { BarChart, HeatmapChart } from "echarts/charts";
import { GridComponent, LegendPlainComponent, TooltipComponent, VisualMapContinuousComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([BarChart, HeatmapChart]);
echarts.use([GridComponent, LegendPlainComponent, TooltipComponent, VisualMapContinuousComponent, SVGRenderer]);

export { echarts };
