"""Reports as Vivado writes them, for the commands that stand in for it."""

UTILISATION = """
| Site Type                  | Used | Fixed | Prohibited | Available | Util% |
+----------------------------+------+-------+------------+-----------+-------+
| Slice LUTs                 | 1893 |     0 |          0 |     20800 |  9.10 |
|   LUT as Logic             | 1801 |     0 |          0 |     20800 |  8.66 |
| Slice Registers            | 2714 |     0 |          0 |     41600 |  6.52 |
| Block RAM Tile    |  4.5 |     0 |          0 |        50 |  9.00 |
| DSPs           |   37 |     0 |          0 |        90 | 41.11 |
"""
TIMING = """
    WNS(ns)      TNS(ns)  TNS Failing Endpoints  TNS Total Endpoints      WHS(ns)      THS(ns)
    -------      -------  ---------------------  -------------------      -------      -------
      {slack}        0.000                      0                 6912        0.061        0.000

Slack (MET) :             {slack}ns  (required time - arrival time)
  Source:                 u_core/u_fc1/sum_q_reg[3]/C
  Destination:            u_core/u_fc1/out_q_reg[7]/D

Clocks
"""
