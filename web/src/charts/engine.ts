/** Everything of the chart library that is used; loaded when the first chart is shown. */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption, type EChartsType } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { axisUsd, forPixels, total } from '../lib/money.ts';
import { day } from '../lib/words.ts';
import type { View } from '../lib/question.ts';
import { amountAt, drawnAt, isPart, pointsAt, pointWords, type Chart, type Series } from './series.ts';

use([BarChart, LineChart, GridComponent, TooltipComponent, MarkLineComponent, SVGRenderer]);

export interface Look {
  view: View;
  names: (name: string) => string;
}

/** The colours of the page, as they are now. */
interface Palette {
  ink: string;
  soft: string;
  line: string;
  sheet: string;
  before: string;
  rest: string;
  series: string[];
}

function palette(element: Element): Palette {
  const style = getComputedStyle(element);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ink: of('--ink'),
    soft: of('--ink-soft'),
    line: of('--line'),
    sheet: of('--sheet'),
    before: of('--before'),
    rest: of('--series-rest'),
    series: [1, 2, 3, 4, 5, 6, 7].map((it) => of(`--series-${it.toString()}`)),
  };
}

/** Keeps a chart drawn into an element. */
export class Drawing {
  readonly #chart: EChartsType;
  readonly #element: HTMLElement;
  readonly #resized: ResizeObserver;
  #drawn: Chart = { times: [], series: [] };

  constructor(element: HTMLElement) {
    this.#element = element;
    this.#chart = init(element, null, { renderer: 'svg' });
    this.#resized = new ResizeObserver(() => {
      this.#chart.resize();
    });
    this.#resized.observe(element);
  }

  draw(chart: Chart, look: Look): void {
    this.#drawn = chart;
    this.#chart.setOption(option(chart, look, palette(this.#element)), { notMerge: true });
  }

  /** What is called with the time that somebody points at and clicks. */
  onChoice(choose: (time: string) => void): void {
    this.#chart.on('click', (event) => {
      if (typeof event.name === 'string') choose(event.name);
    });
  }

  /** Shows what there is at a time, as when somebody points at it; or nothing. */
  point(index: number | null): void {
    const seriesIndex = this.#drawn.series.findIndex((it) => index !== null && amountAt(it, index) !== null);
    this.#chart.dispatchAction(seriesIndex < 0 ? { type: 'hideTip' } : { type: 'showTip', seriesIndex, dataIndex: index });
  }

  end(): void {
    this.#resized.disconnect();
    this.#chart.dispose();
  }
}

function option(chart: Chart, look: Look, colours: Palette): EChartsCoreOption {
  const isShare = look.view === 'share';
  const wholes = chart.times.map((_, index) => total(chart.series.filter(isPart).map((it) => amountAt(it, index) ?? 0n)));
  const height = (it: Series, index: number): number | null => {
    const amount = drawnAt(it, index);
    if (amount === null) return null;
    const whole = wholes[index] ?? 0n;
    if (!isShare) return forPixels(amount);
    return whole === 0n ? 0 : Number((amount * 10_000n) / whole) / 100;
  };
  const font = { fontFamily: 'system-ui, sans-serif', fontSize: 11, color: colours.soft };
  return {
    animation: false,
    grid: { left: 4, right: 8, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: 'category',
      data: chart.times,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.line } },
      axisLabel: { ...font, formatter: (time: string) => day(time).replace(/^\w{3} /, ''), hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      ...(isShare ? { max: 100, interval: 25 } : {}),
      splitNumber: 4,
      splitLine: { lineStyle: { color: colours.line } },
      axisLabel: { ...font, formatter: (value: number) => (isShare ? `${value.toString()} %` : axisUsd(value)) },
    },
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: look.view === 'lines' ? 'line' : 'shadow', shadowStyle: { opacity: 0.12 }, lineStyle: { color: colours.soft } },
      backgroundColor: colours.sheet,
      borderColor: colours.line,
      confine: true,
      transitionDuration: 0,
      formatter: (points: unknown) => tip(points, chart, look, colours),
    },
    // Bands come after what is drawn, so that a series has the same number here as in the chart.
    series: [...chart.series.map((it, index) => drawn(it, index, look, colours, chart.times.map((_, time) => height(it, time)))), ...chart.series.flatMap((it, index) => band(it, index, chart, colours))],
  };
}

function colourOf(series: Series, index: number, colours: Palette): string {
  switch (series.role) {
    case 'before':
      return colours.before;
    case 'ahead':
      return colours.series[0] ?? colours.rest;
    case 'agreed':
      return colours.soft;
    case 'rest':
      return colours.rest;
    default:
      return colours.series[index % colours.series.length] ?? colours.rest;
  }
}

function drawn(series: Series, index: number, look: Look, colours: Palette, data: (number | null)[]): object {
  const color = colourOf(series, index, colours);
  if (look.view === 'lines' || !isPart(series)) {
    const type = isPart(series) ? 'solid' : series.role === 'agreed' ? 'dotted' : 'dashed';
    return { type: 'line', name: series.name, data, color, symbol: 'circle', symbolSize: 4, showSymbol: data.filter((it) => it !== null).length < 2, lineStyle: { width: 2, type } };
  }
  return {
    type: 'bar',
    name: series.name,
    data,
    color,
    stack: 'all',
    barCategoryGap: '25%',
    itemStyle: { borderColor: colours.sheet, borderWidth: 0.5 },
  };
}

/** The band between what a series likely is: up to its lower end nothing is drawn, and from there on its breadth. */
function band(series: Series, index: number, chart: Chart, colours: Palette): object[] {
  const likely = series.likely;
  if (likely === undefined) return [];
  const low = chart.times.map((_, time) => drawnAt(series, time, likely.low));
  const breadth = low.map((it, time) => (it === null ? null : (drawnAt(series, time, likely.high) ?? it) - it));
  const line = (amounts: (bigint | null)[], opacity: number): object => ({
    type: 'line',
    stack: `likely ${index.toString()}`,
    data: amounts.map((it) => (it === null ? null : forPixels(it))),
    symbol: 'none',
    silent: true,
    lineStyle: { opacity: 0 },
    areaStyle: { color: colourOf(series, index, colours), opacity },
  });
  return [line(low, 0), line(breadth, 0.18)];
}

/** What stands in the tooltip: elements and no markup, since names are not ours. */
function tip(points: unknown, chart: Chart, look: Look, colours: Palette): HTMLElement {
  const first = (Array.isArray(points) ? points[0] : points) as { dataIndex?: number } | undefined;
  const at = first?.dataIndex ?? 0;
  const box = document.createElement('div');
  box.className = 'chart-tip';
  const head = document.createElement('strong');
  head.textContent = day(chart.times[at] ?? '');
  box.append(head);
  for (const point of pointsAt(chart, at)) {
    const { series: it, place: index } = point;
    const line = document.createElement('div');
    const dot = document.createElement('i');
    dot.style.background = colourOf(it, index, colours);
    const name = document.createElement('bdi');
    name.textContent = look.names(it.name);
    const value = document.createElement('b');
    value.textContent = pointWords(point);
    line.append(dot, name, value);
    box.append(line);
  }
  return box;
}
