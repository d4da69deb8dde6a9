"""Measurements with something to compare with: `./dev bench`.

Every figure stands beside its ratio to a bare program on the same machine in the same run: pages and feeds
to a Flask route that answers the same number of bytes from the same server, PDFs to WeasyPrint alone on the
same page. Figures change with the machine; ratios hardly do. Runs are kept in `instance/bench/` and compared.
"""
