"""portopt: holdings, prices and a policy in; a certified, executable rebalancing proposal out."""
